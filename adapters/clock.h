// The real clocks, read together.
//
// The log clock continues from the newest instant in the log, or from wall time if that is later,
// and then advances with CLOCK_BOOTTIME: it counts sleep, and it never goes back, whatever anybody
// does to the wall clock. Thread: one object, one thread; wall_now() any.
#pragma once

#include <functional>

#include "core/time.h"

namespace sky::adapters {

// Both clocks of a machine.
struct ClockReading {
  core::Duration booted_for{0};  // since it was switched on, sleep counted
  core::WallTime wall;
};
ClockReading read_clocks();

class Clock {
 public:
  using Read = std::function<ClockReading()>;

  explicit Clock(core::Instant newest_in_log, Read read = read_clocks);

  core::Stamp now() const;

 private:
  const Read read_;
  core::Instant origin_;  // the log clock when this object was made,
  core::Duration booted_for_{0};  // and how long the machine had been up then
};

core::WallTime wall_now();

}  // namespace sky::adapters
