// A whole list, page by page. Loop thread.
//
// A list that grew too old while it was read (the server compacted its history) is begun again;
// after a few times it is asked for in one piece, which cannot grow too old.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/json.h"
#include "adapters/kubernetes/api_client.h"

namespace sky::adapters::kubernetes {

struct Listed {
  std::optional<core::Failure> failure;
  std::string version;  // of the list: where a watch goes on
  std::vector<JsonValue> items;
};

struct ListQuery {
  std::string path;  // "/api/v1/namespaces/default/pods"
  std::string selector;  // encoded; empty: all
  std::size_t page = 500;  // kubectl's
};

// `done` is called once, later; never when `client` is destroyed before.
void list_all(ApiClient& client, ListQuery query, std::function<void(Listed)> done);

}  // namespace sky::adapters::kubernetes
