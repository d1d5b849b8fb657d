#include "lb/pick.h"

#include <algorithm>

namespace sky::lb {

bool Picker::is_better(const Candidate& left, const Candidate& right) const {
  switch (policy_) {
    case core::BalancingPolicy::round_robin: return false;  // the first in turn wins
    case core::BalancingPolicy::instance_aware_least_load:
      return (std::int64_t{left.in_flight} + 1) * right.weight <
             (std::int64_t{right.in_flight} + 1) * left.weight;
    case core::BalancingPolicy::least_load:
    case core::BalancingPolicy::unknown: break;
  }
  return left.in_flight < right.in_flight;
}

std::optional<std::size_t> Picker::pick(std::span<const Candidate> candidates,
                                        std::span<const core::ReplicaId> tried) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::size_t place = (turn_ + i) % candidates.size();
    const Candidate& candidate = candidates[place];
    if (std::find(tried.begin(), tried.end(), candidate.replica) != tried.end()) continue;
    if (!best || is_better(candidate, candidates[*best])) best = place;
  }
  if (best) turn_ = *best + 1;
  return best;
}

}  // namespace sky::lb
