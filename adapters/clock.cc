#include "adapters/clock.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <utility>

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

ClockReading read_clocks() { return {read_clock(CLOCK_BOOTTIME), wall_now()}; }

Clock::Clock(core::Instant newest_in_log, Read read) : read_(std::move(read)) {
  const ClockReading start = read_();
  origin_ = std::max(newest_in_log, core::Instant(start.wall.time_since_epoch()));
  booted_for_ = start.booted_for;
}

core::Stamp Clock::now() const {
  const ClockReading reading = read_();
  return {origin_ + (reading.booted_for - booted_for_), reading.wall};
}

}  // namespace sky::adapters
