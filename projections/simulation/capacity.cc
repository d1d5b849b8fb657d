#include "projections/simulation/capacity.h"

#include <iterator>

namespace sky::projections {

const Capacity& CapacityTimeline::at(core::Instant when) const {
  static const Capacity unlimited;
  const auto later = changes_.upper_bound(when);
  return later == changes_.begin() ? unlimited : std::prev(later)->second;
}

std::optional<core::Instant> CapacityTimeline::next_change(core::Instant after) const {
  const auto later = changes_.upper_bound(after);
  if (later == changes_.end()) return {};
  return later->first;
}

std::optional<core::Instant> CapacityTimeline::last_change() const {
  if (changes_.empty()) return {};
  return changes_.rbegin()->first;
}

}  // namespace sky::projections
