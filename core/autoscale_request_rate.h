// How many replicas a load asks for, by SkyServe's request-rate rule and by concurrency.
//
//   by rate         ceil((arrivals / window) / target_qps_per_replica)
//   by concurrency  ceil((in flight + held) / target_concurrency_per_replica)         (ours)
//
// The larger one counts; while anything arrived, runs or waits it is at least one. Integers only.
// A target of zero is no target (SkyServe divides by it). Limits and delays are applied elsewhere.
#pragma once

#include <cstdint>

#include "core/spec.h"

namespace sky::core {

struct Load {
  std::uint64_t arrivals = 0;  // in the window
  std::uint32_t in_flight = 0;
  std::uint32_t held = 0;
  bool operator==(const Load&) const = default;

  bool is_idle() const { return arrivals == 0 && in_flight == 0 && held == 0; }
};

// False: the number of replicas is fixed at min_replicas.
bool is_autoscaled(const ReplicaPolicy& policy);

MilliRps rate_of(std::uint64_t arrivals, Duration window);

std::uint32_t wanted_by_rate(std::uint64_t arrivals, Duration window, MilliRps per_replica);
std::uint32_t wanted_by_concurrency(const ReplicaPolicy& policy, const Load& load);

// Both signals; a map of targets per accelerator is core/autoscale_instance_aware.h's business.
std::uint32_t wanted_by_request_rate(const ReplicaPolicy& policy, const Load& load);

std::uint32_t within_limits(const ReplicaPolicy& policy, std::uint32_t wanted);

}  // namespace sky::core
