// Moments as the clouds write them. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace sky::adapters {

// RFC 3339: "2026-11-27T02:45:00Z", with fractions (left out) and offsets ("-08:00"); none: it is
// something else.
std::optional<core::WallTime> read_iso_time(std::string_view text);

// RFC 9110: "Fri, 27 Nov 2026 02:45:00 GMT".
std::optional<core::WallTime> read_http_date(std::string_view text);

std::string iso_time(core::WallTime wall);  // "2026-11-27T02:45:00Z"

}  // namespace sky::adapters
