// How many machines of a kind a simulated cloud has to give, over time.
//
// A kind is a place, a machine type and a market (core::BlockKey without empty parts). Between two
// changes the number stands. When it falls below what we hold, the cloud takes machines back, with
// the notice that the change names. Pure values.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>

#include "core/failure.h"
#include "core/launch_verdict.h"
#include "core/time.h"

namespace sky::projections {

inline constexpr std::uint32_t unlimited_machines = std::numeric_limits<std::uint32_t>::max();

struct Capacity {
  std::uint32_t machines = unlimited_machines;
  core::Failure refusal;  // what a launch beyond them is answered
  core::Duration notice{0};  // before a machine beyond them is taken
  bool operator==(const Capacity&) const = default;
};

class CapacityTimeline {
 public:
  // From `at` until the next change. A second one for the same instant replaces the first.
  void set(core::Instant at, Capacity capacity) { changes_[at] = std::move(capacity); }
  // Before the first change there is no limit.
  const Capacity& at(core::Instant when) const;
  std::optional<core::Instant> next_change(core::Instant after) const;
  // The newest change so far; none: nothing is known.
  std::optional<core::Instant> last_change() const;

  const std::map<core::Instant, Capacity>& changes() const { return changes_; }
  bool operator==(const CapacityTimeline&) const = default;

 private:
  std::map<core::Instant, Capacity> changes_;
};

using CapacityByKind = std::map<core::BlockKey, CapacityTimeline>;

}  // namespace sky::projections
