// A moment of the log as a person says it: a sequence, a time ago, or a UTC time.
//
// "42" and "#42" are sequences; "90s", "10m", "2h", "1d" count back from now; a UTC time is
// "2026-11-23T19:20:00", "2026-11-23 19:20" or "2026-11-23". Pure; any thread. Errors: usage.
#pragma once

#include <optional>
#include <string_view>

#include "core/event.h"
#include "core/result.h"

namespace sky::cli {

struct Moment {
  core::Seq seq;  // zero: `wall` says it
  std::optional<core::WallTime> wall;

  // Whether the event came after this moment. The moment's own event did not.
  bool is_before(const core::Event& event) const {
    return seq ? event.seq > seq : wall && event.time.wall > *wall;
  }
};

// `option` is named in the error: "--since".
core::Result<Moment> parse_moment(std::string_view option, std::string_view text,
                                  core::WallTime now);

// "300 s" as people type it: "90s", "10m", "2h", "1d"; none: it is something else.
std::optional<core::Duration> parse_span(std::string_view text);

}  // namespace sky::cli
