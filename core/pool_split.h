// How the wanted number of replicas is split into pools.
//
//   N = the autoscaler's target, or the base pool if that is larger; 0 when the target is 0
//   base     = base_ondemand_fallback_replicas: on-demand machines, the free ones first
//   burst    = N - base + num_overprovision on spot machines
//   fallback = min(N - base, N - base + num_overprovision - ready spot replicas), never below 0:
//              SpotHedge's O(t) for the burst part, with dynamic_ondemand_fallback only
//
// Where a policy plans the whole fleet (Placement::market) it says what burst and fallback are;
// this is then what they are without extras, for the estimate at `up`.
//
// A service that does not use spot machines has one pool, base. A target of zero is reached only
// with min_replicas 0 and means zero: no base, no extra. (SkyServe fails whenever base > N.)
#pragma once

#include <cstdint>

#include "core/spec.h"

namespace sky::core {

struct PoolSizes {
  std::uint32_t base = 0;
  std::uint32_t burst = 0;
  std::uint32_t fallback = 0;
  bool operator==(const PoolSizes&) const = default;

  std::uint32_t serving() const { return base + burst; }  // without what only covers for spot
  std::uint32_t total() const { return base + burst + fallback; }
};

PoolSizes split_pools(const ServiceSpec& spec, std::uint32_t target, std::uint32_t ready_spot);

bool uses_spot(const ServiceSpec& spec);

}  // namespace sky::core
