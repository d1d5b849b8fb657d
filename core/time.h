// Time as values. Nothing here can tell what time it is: time enters with an input.
#pragma once

#include <chrono>
#include <cstdint>

namespace sky::core {

using Duration = std::chrono::microseconds;

// The log's own clock: never goes back, not over a restart either (the daemon continues from the
// newest stamp in the log). Policies compare only these. It has no now().
struct LogClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<LogClock>;
  static constexpr bool is_steady = true;
};
using Instant = LogClock::time_point;

// Wall time since 1970-01-01 UTC, for people and for other processes. May jump; no policy reads it.
struct UtcClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<UtcClock>;
  static constexpr bool is_steady = false;
};
using WallTime = UtcClock::time_point;

// Both clocks read at the same moment.
struct Stamp {
  Instant at;
  WallTime wall;
  bool operator==(const Stamp&) const = default;
};

constexpr Duration seconds(std::int64_t count) { return std::chrono::seconds(count); }
constexpr Duration milliseconds(std::int64_t count) { return std::chrono::milliseconds(count); }
constexpr std::int64_t whole_seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace sky::core
