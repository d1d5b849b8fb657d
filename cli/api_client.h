// A command's side of the daemon's API: one blocking request over the unix socket.
//
// Errors: unavailable when no daemon answers; else the code and text that the daemon sent.
#pragma once

#include <functional>
#include <string>

#include "adapters/json.h"
#include "cli/home.h"
#include "core/result.h"

namespace sky::cli {

core::Result<std::string> api_get(const Home& home, const std::string& path_and_query);
core::Result<std::string> api_post(const Home& home, const std::string& path,
                                   const std::string& json_body);

// With it the daemon knows an order that it, or the one before it, has taken already.
inline constexpr const char* request_id_header = "Idempotency-Key";

// For an order that must be carried out once: when the daemon dies before it has answered,
// `bring_back` is called and the order sent again, under the same id, up to `max_attempts` times.
using BringBack = std::function<core::Result<void>()>;
inline constexpr int max_attempts = 10;
core::Result<std::string> api_order(const Home& home, const std::string& path,
                                    const std::string& json_body, const BringBack& bring_back);

// Percent-encodes one value for a query.
std::string query_value(std::string_view text);

}  // namespace sky::cli
