// Which events a reader wants to see: by service, type, replica, and from when on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/result.h"

namespace sky::cli {

struct EventFilter {
  core::ServiceName service;  // empty: all
  std::vector<std::string> types;  // "ScaleEvaluated"; empty: all
  core::ReplicaId replica;  // zero: all
  core::Seq first;  // zero: from the beginning
  std::optional<core::WallTime> not_before;
};

bool matches(const EventFilter& filter, const core::Event& event);

// Reads `--since`: a sequence ("42", "#42"), a time ago ("90s", "10m", "2h", "1d"), or a UTC time
// ("2026-11-23T19:20:00", "2026-11-23 19:20", "2026-11-23"). `now` is what "ago" counts from.
core::Result<void> set_since(EventFilter& filter, std::string_view text, core::WallTime now);

// Reads one `--type`, ignoring case; the error names the nearest types.
core::Result<void> add_type(EventFilter& filter, std::string_view text);

}  // namespace sky::cli
