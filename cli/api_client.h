// A command's side of the daemon's API: one blocking request over the unix socket.
//
// Errors: unavailable when no daemon answers; else the code and text that the daemon sent.
#pragma once

#include <string>

#include "adapters/json.h"
#include "cli/home.h"
#include "core/result.h"

namespace sky::cli {

core::Result<std::string> api_get(const Home& home, const std::string& path_and_query);
core::Result<std::string> api_post(const Home& home, const std::string& path,
                                   const std::string& json_body);

// Percent-encodes one value for a query.
std::string query_value(std::string_view text);

}  // namespace sky::cli
