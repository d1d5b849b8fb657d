// Moments and spans as people read them in tables and lines. Reads the local time zone (TZ);
// otherwise pure. Any thread.
#pragma once

#include <string>

#include "core/time.h"

namespace sky::cli {

std::string utc_text(core::WallTime wall);  // "2026-11-23 19:20:01.123"
std::string local_text(core::WallTime wall);  // the same in the local zone
std::string iso_text(core::WallTime wall);  // "2026-11-23T19:20:01.123456Z"

std::string ago_text(core::Duration ago);  // "55 mins ago", "1 hr ago", "7 secs ago"
std::string uptime_text(core::Duration uptime);  // "54m 17s", "1d 2h 3s", "0s"

}  // namespace sky::cli
