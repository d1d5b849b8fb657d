#include "lb/pick.h"

#include <algorithm>

namespace sky::lb {

const char* to_text(PickReason reason) {
  switch (reason) {
    case PickReason::none: break;
    case PickReason::least_load: return "least_load";
    case PickReason::round_robin: return "round_robin";
    case PickReason::instance_aware: return "instance_aware";
    case PickReason::only_one: return "only_one";
    case PickReason::session: return "session";
    case PickReason::prefix: return "prefix";
    case PickReason::affinity_loaded: return "affinity_loaded";
  }
  return "-";
}

PickReason Picker::reason() const {
  switch (policy_) {
    case core::BalancingPolicy::round_robin: return PickReason::round_robin;
    case core::BalancingPolicy::instance_aware_least_load: return PickReason::instance_aware;
    case core::BalancingPolicy::least_load:
    case core::BalancingPolicy::unknown: break;
  }
  return PickReason::least_load;
}

bool Picker::is_better(const Candidate& left, const Candidate& right) const {
  if (policy_ == core::BalancingPolicy::round_robin) return false;  // the first in turn wins
  const bool weighted = policy_ == core::BalancingPolicy::instance_aware_least_load;
  const auto strength = [&](const Candidate& candidate) {
    return (weighted ? candidate.weight : 1) * std::int64_t{candidate.share};
  };
  return (std::int64_t{left.in_flight} + 1) * strength(right) <
         (std::int64_t{right.in_flight} + 1) * strength(left);
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
