#include "adapters/kubernetes/pager.h"

#include <utility>

#include "adapters/json_without.h"
#include "adapters/percent_code.h"

namespace sky::adapters::kubernetes {
namespace {

constexpr int paged_attempts = 3;

struct Paging : std::enable_shared_from_this<Paging> {
  ApiClient& client;
  ListQuery query;
  std::function<void(Listed)> done;
  Listed found = {};
  std::string next = {};
  int attempt = 0;

  Paging(ApiClient& of, ListQuery what, std::function<void(Listed)> then)
      : client(of), query(std::move(what)), done(std::move(then)) {}

  void ask() {
    std::string path = query.path + "?";
    if (!query.selector.empty()) path += "labelSelector=" + query.selector + "&";
    if (attempt < paged_attempts) path += "limit=" + std::to_string(query.page);
    if (!next.empty()) path += "&continue=" + percent_encoded(next);
    client.send({.path = path},
                [self = shared_from_this()](ApiAnswer answer) { self->take(std::move(answer)); });
  }

  void take(ApiAnswer answer) {
    if (answer.failure && answer.failure->kind == core::FailureKind::gone &&
        attempt < paged_attempts) {
      ++attempt;
      next.clear();
      found.items.clear();
      return ask();
    }
    if (answer.failure) {
      found.failure = std::move(answer.failure);
      return done(std::move(found));
    }
    auto document = parse_json_without(answer.body, "managedFields");
    if (!document) {
      found.failure = core::Failure{core::FailureKind::transient, core::FailureScope::request,
                                    document.error().text, core::Duration{0}};
      return done(std::move(found));
    }
    const JsonView meta = JsonView(*document).at("metadata");
    found.version = meta.at("resourceVersion").text_or("");
    next = meta.at("continue").text_or("");
    if (const JsonValue* items = document->find("items"))
      if (const auto* list = std::get_if<JsonValue::Array>(&items->content()))
        for (const JsonValue& item : *list) found.items.push_back(item);
    if (!next.empty()) return ask();
    done(std::move(found));
  }
};

}  // namespace

void list_all(ApiClient& client, ListQuery query, std::function<void(Listed)> done) {
  std::make_shared<Paging>(client, std::move(query), std::move(done))->ask();
}

}  // namespace sky::adapters::kubernetes
