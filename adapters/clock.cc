#include "adapters/clock.h"

#include <time.h>

#include <algorithm>
#include <chrono>

#include "core/check.h"

namespace sky::adapters {
namespace {

core::Duration read_clock(clockid_t id) {
  timespec time{};
  SKY_CHECK(clock_gettime(id, &time) == 0, "Linux has these clocks");
  return core::seconds(time.tv_sec) + core::Duration(time.tv_nsec / 1000);
}

}  // namespace

core::WallTime wall_now() { return core::WallTime(read_clock(CLOCK_REALTIME)); }

Clock::Clock(core::Instant newest_in_log)
    : origin_(std::max(newest_in_log, core::Instant(wall_now().time_since_epoch()))),
      booted_for_(read_clock(CLOCK_BOOTTIME)) {}

core::Stamp Clock::now() const {
  return {origin_ + (read_clock(CLOCK_BOOTTIME) - booted_for_), wall_now()};
}

}  // namespace sky::adapters
