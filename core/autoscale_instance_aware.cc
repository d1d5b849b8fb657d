#include "core/autoscale_instance_aware.h"

#include <algorithm>

namespace sky::core {

MilliRps capacity_of(const RateByAccelerator& targets, const Accelerator& accelerator) {
  const auto exact = targets.find(accelerator.name + ":" + std::to_string(accelerator.count));
  if (exact != targets.end()) return exact->second;
  const auto by_name = targets.find(accelerator.name);
  if (by_name != targets.end()) return by_name->second;
  MilliRps least;
  for (const auto& [name, rate] : targets)
    if (least.value == 0 || rate < least) least = rate;
  return least;
}

MilliRps best_capacity(const RateByAccelerator& targets) {
  MilliRps best;
  for (const auto& [name, rate] : targets) best = std::max(best, rate);
  return best;
}

std::uint32_t wanted_by_capacity(const ReplicaPolicy& policy, const Load& load,
                                 std::vector<MilliRps> live) {
  const MilliRps rate = rate_of(load.arrivals, policy.qps_window);
  std::sort(live.begin(), live.end(), std::greater<>());
  std::int64_t capacity = 0;
  std::uint32_t wanted = 0;
  for (const MilliRps one : live) {
    if (capacity >= rate.value) break;
    capacity += one.value;
    ++wanted;
  }
  const std::int64_t best = best_capacity(policy.target_qps_per_accelerator).value;
  const std::int64_t missing = rate.value - capacity;
  if (missing > 0 && best > 0)
    wanted +=
        static_cast<std::uint32_t>(std::min<std::int64_t>((missing - 1) / best + 1, 1'000'000));
  wanted = std::max(wanted, wanted_by_concurrency(policy, load));
  return std::max(wanted, load.is_idle() ? 0u : 1u);
}

}  // namespace sky::core
