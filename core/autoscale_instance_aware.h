// How many replicas a load asks for when each accelerator has its own target rate.
//
//   rate > capacity   live replicas + ceil((rate - capacity) / best target in the map)
//   otherwise         the fewest live replicas, strongest first, whose capacities sum to the rate
//
// The idea is SkyServe's; capacity here counts every live replica and no ended one, so it scales
// from zero and never counts a failed row.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/autoscale_request_rate.h"
#include "core/offer.h"
#include "core/spec.h"

namespace sky::core {

using RateByAccelerator = std::map<std::string, MilliRps>;

// "A100:1" first, then "A100", else the smallest of the map; zero when the map is empty.
MilliRps capacity_of(const RateByAccelerator& targets, const Accelerator& accelerator);
// Of a replica that has no machine yet: what a new one is hoped to bring.
MilliRps best_capacity(const RateByAccelerator& targets);

// `live`: the capacity of each live replica of the wanted version, in any order.
std::uint32_t wanted_by_capacity(const ReplicaPolicy& policy, const Load& load,
                                 std::vector<MilliRps> live);

}  // namespace sky::core
