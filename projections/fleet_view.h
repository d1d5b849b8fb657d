// What a service's replicas are and should be at a moment: the pools, the rollout, and what holds
// missing replicas back. decide_fleet.cc acts on it; otherwise.h says it in words. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/downscale_order.h"
#include "core/pool_split.h"
#include "core/rollout.h"
#include "projections/service_state.h"
#include "projections/zone_history.h"

namespace sky::projections {

// A version that never worked is given up after so many failures in a row: with the back-off that
// is half an hour of trying. `skyctl update` begins anew. A guess.
inline constexpr std::uint32_t max_failures_unproven = 10;

struct FleetView {
  core::PoolSizes sizes;  // wanted
  core::RolloutView rollout;
  core::RolloutMoves moves;
  std::uint32_t ready = 0;  // of any version
  std::vector<core::Pool> missing;  // one for each replica that is wanted and not there
  std::uint32_t held_back = 0;  // of them, by failures of the version: until retry_at, or for good
  bool is_given_up = false;  // the version failed too often and never worked
  std::optional<core::Instant> retry_at;  // when the failed ones are replaced
  std::optional<MarketFleet> market;  // what burst and fallback are, where a policy plans them
  std::vector<core::Instant> baked_at;  // ready ones of the wanted version that do not count yet

  // Of the missing ones, those that may be launched now, in this order.
  std::vector<core::Pool> launches() const;
};

FleetView fleet_view(const ZoneHistory& zones, const ServiceState& service, core::Instant now);

// The least max_surge with which all that failures do not hold back could be launched now.
std::uint32_t surge_for(const FleetView& view);

std::uint32_t size_of(const core::PoolSizes& sizes, core::Pool pool);
std::uint32_t live_in(const ServiceState& service, core::Pool pool);  // of the wanted version
std::uint32_t unplaced(const ServiceState& service);  // of these, burst replicas without a place

// The live replicas that `may_go` accepts, in the order in which they are given up.
std::vector<core::DownscaleCandidate> drop_candidates(
    const ServiceState& service, const std::function<bool(const Replica&)>& may_go);

}  // namespace sky::projections
