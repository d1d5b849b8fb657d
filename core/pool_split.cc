#include "core/pool_split.h"

#include <algorithm>

namespace sky::core {

bool uses_spot(const ServiceSpec& spec) {
  const auto& choices = spec.resources.choices;
  return std::any_of(choices.begin(), choices.end(),
                     [](const ResourceRequest& choice) { return choice.use_spot; });
}

PoolSizes split_pools(const ServiceSpec& spec, std::uint32_t target, std::uint32_t ready_spot) {
  const ReplicaPolicy& policy = spec.replicas;
  PoolSizes sizes;
  if (target == 0) return sizes;
  if (!uses_spot(spec)) {
    sizes.base = target + policy.num_overprovision;
    return sizes;
  }
  sizes.base = policy.base_ondemand_fallback_replicas;
  const std::uint32_t covered = std::max(target, sizes.base) - sizes.base;
  if (policy.placement == Placement::market) {
    sizes.burst = policy.market.rule == MarketRule::all_on_demand ? 0 : covered;
    sizes.fallback = covered - std::min(sizes.burst, std::min(covered, ready_spot));
    return sizes;
  }
  sizes.burst = covered + policy.num_overprovision;
  if (policy.dynamic_ondemand_fallback)
    sizes.fallback = std::min(covered, sizes.burst - std::min(sizes.burst, ready_spot));
  return sizes;
}

}  // namespace sky::core
