#include "projections/simulation/timings.h"

#include <algorithm>

namespace sky::projections {
namespace {

void insert_sorted(std::vector<core::Duration>& sorted, core::Duration duration) {
  sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), duration), duration);
}

}  // namespace

void SeenDurations::add(const core::Offer& offer, core::Duration duration) {
  insert_sorted(by_market_[{offer.place.cloud, offer.market}], duration);
  insert_sorted(all_, duration);
}

core::Duration SeenDurations::middle(const Durations& durations) {
  return durations[durations.size() / 2];
}

core::Duration SeenDurations::of(const core::Offer& offer) const {
  const auto seen = by_market_.find({offer.place.cloud, offer.market});
  if (seen != by_market_.end()) return middle(seen->second);
  return all_.empty() ? when_none_ : middle(all_);
}

}  // namespace sky::projections
