#include "core/autoscale_request_rate.h"

#include <algorithm>

namespace sky::core {
namespace {

// More replicas than any service has; keeps every sum inside 32 bits.
constexpr std::uint64_t most_wanted = 1'000'000;
// More arrivals in a window than a process can count; keeps the products inside 64 bits.
constexpr std::uint64_t most_arrivals = 4'000'000'000;
constexpr std::uint64_t milli_us = 1000 * 1'000'000ull;  // [1/s] = 1000 [milli] * 1e6 [us/s]

std::uint64_t divided_up(std::uint64_t amount, std::uint64_t by) {
  return amount / by + (amount % by == 0 ? 0 : 1);
}

std::uint64_t window_us(Duration window) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(window.count(), 1));
}

}  // namespace

bool is_autoscaled(const ReplicaPolicy& policy) {
  if (policy.upper_limit() == policy.min_replicas) return false;
  const bool has_rate = policy.target_qps_per_replica && policy.target_qps_per_replica->value > 0;
  const bool has_concurrency = policy.target_concurrency_per_replica.value_or(0) > 0;
  return has_rate || has_concurrency || !policy.target_qps_per_accelerator.empty();
}

MilliRps rate_of(std::uint64_t arrivals, Duration window) {
  return {
      static_cast<std::int64_t>(std::min(arrivals, most_arrivals) * milli_us / window_us(window))};
}

std::uint32_t wanted_by_rate(std::uint64_t arrivals, Duration window, MilliRps per_replica) {
  if (per_replica.value <= 0) return 0;
  const std::uint64_t per_window =  // thousandths of arrivals that one replica takes
      window_us(window) > UINT64_MAX / static_cast<std::uint64_t>(per_replica.value)
          ? UINT64_MAX
          : window_us(window) * static_cast<std::uint64_t>(per_replica.value);
  const std::uint64_t wanted = divided_up(std::min(arrivals, most_arrivals) * milli_us, per_window);
  return static_cast<std::uint32_t>(std::min(wanted, most_wanted));
}

std::uint32_t wanted_by_concurrency(const ReplicaPolicy& policy, const Load& load) {
  const std::uint32_t per_replica = policy.target_concurrency_per_replica.value_or(0);
  if (per_replica == 0) return 0;
  const std::uint64_t running = std::uint64_t{load.in_flight} + load.held;
  return static_cast<std::uint32_t>(std::min(divided_up(running, per_replica), most_wanted));
}

std::uint32_t wanted_by_request_rate(const ReplicaPolicy& policy, const Load& load) {
  const std::uint32_t by_rate = wanted_by_rate(load.arrivals, policy.qps_window,
                                               policy.target_qps_per_replica.value_or(MilliRps{}));
  const std::uint32_t wanted = std::max(by_rate, wanted_by_concurrency(policy, load));
  return std::max(wanted, load.is_idle() ? 0u : 1u);
}

std::uint32_t within_limits(const ReplicaPolicy& policy, std::uint32_t wanted) {
  const std::uint32_t upper = std::max(policy.upper_limit(), policy.min_replicas);
  return std::clamp(wanted, policy.min_replicas, upper);
}

}  // namespace sky::core
