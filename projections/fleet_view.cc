#include "projections/fleet_view.h"

#include <algorithm>
#include <array>

#include "core/autoscale_instance_aware.h"
#include "projections/market_question.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::Pool;

constexpr std::array pools = {Pool::base, Pool::burst, Pool::fallback};

// Ready without a break for the bake time; otherwise the time at which it would be matters.
bool is_baked(FleetView& view, const ServiceState& service, const Replica& replica,
              core::Instant now) {
  if (replica.phase != Phase::ready) return false;
  const core::Instant baked = replica.phase_since.at + service.spec().rollout.bake_time;
  if (now >= baked) return true;
  view.baked_at.push_back(baked);
  return false;
}

void count_replicas(FleetView& view, const ServiceState& service, core::Instant now) {
  core::RolloutView& rollout = view.rollout;
  rollout.mode = service.update_mode;
  rollout.surge = service.spec().rollout.max_surge;
  rollout.wanted = view.sizes.total();
  for (const auto& [id, replica] : service.replicas) {
    if (!core::is_live(replica.phase)) continue;
    const bool is_ready = replica.phase == Phase::ready;
    const bool is_current = replica.version == service.version;
    view.ready += is_ready ? 1 : 0;
    ++(is_current ? rollout.live_new : rollout.live_old);
    if (is_current)
      rollout.baked_new += is_baked(view, service, replica, now) ? 1 : 0;
    else
      rollout.ready_old += is_ready ? 1 : 0;
  }
}

void hold_back(FleetView& view, const VersionState& version, core::Instant now) {
  view.is_given_up = !version.ever_ready && version.failures >= max_failures_unproven;
  if (view.is_given_up) {
    view.held_back = UINT32_MAX;
  } else if (version.unreplaced > 0 && now < version.retry_at) {
    view.held_back = version.unreplaced;
    view.retry_at = version.retry_at;
  }
  view.held_back =
      std::min<std::uint32_t>(view.held_back, static_cast<std::uint32_t>(view.missing.size()));
}

}  // namespace

std::uint32_t size_of(const core::PoolSizes& sizes, Pool pool) {
  switch (pool) {
    case Pool::base: return sizes.base;
    case Pool::burst: return sizes.burst;
    default: return sizes.fallback;
  }
}

std::uint32_t live_in(const ServiceState& service, Pool pool) {
  return static_cast<std::uint32_t>(
      std::count_if(service.replicas.begin(), service.replicas.end(), [&](const auto& one) {
        const Replica& replica = one.second;
        return core::is_live(replica.phase) && replica.version == service.version &&
               replica.pool == pool;
      }));
}

std::uint32_t unplaced(const ServiceState& service) {
  return static_cast<std::uint32_t>(
      std::count_if(service.replicas.begin(), service.replicas.end(), [&](const auto& one) {
        const Replica& replica = one.second;
        return replica.phase == Phase::pending && replica.version == service.version &&
               replica.pool == Pool::burst;
      }));
}

std::vector<Pool> FleetView::launches() const {
  std::vector<Pool> now = missing;
  now.resize(std::min<std::size_t>(missing.size() - held_back, moves.launches));
  return now;
}

namespace {

std::uint32_t missing_in(const FleetView& view, const ServiceState& service, Pool pool) {
  if (view.market && pool == Pool::burst) {
    const std::uint32_t wanted = view.market->missing();
    return wanted - std::min(wanted, unplaced(service));
  }
  const std::uint32_t live = live_in(service, pool), size = size_of(view.sizes, pool);
  return size > live ? size - live : 0;
}

}  // namespace

FleetView fleet_view(const ZoneHistory& zones, const ServiceState& service, core::Instant now) {
  FleetView view;
  std::uint32_t ready_spot = 0;
  for (const auto& [id, replica] : service.replicas)
    if (replica.phase == Phase::ready && replica.is_spot()) ++ready_spot;
  view.sizes = core::split_pools(service.spec(), service.target, ready_spot);
  if (plans_fleet(service.spec())) {
    view.market = MarketQuestion(zones, service, now).answer();
    view.sizes.burst = view.market->spot();
    view.sizes.fallback = view.market->on_demand;
  }
  count_replicas(view, service, now);
  view.moves = core::plan_rollout(view.rollout);
  for (const Pool pool : pools)
    view.missing.insert(view.missing.end(), missing_in(view, service, pool), pool);
  hold_back(view, service.versions.at(service.version), now);
  return view;
}

std::uint32_t surge_for(const FleetView& view) {
  const std::size_t open = view.missing.size() - view.held_back;
  core::RolloutView rollout = view.rollout;
  while (core::plan_rollout(rollout).launches < open && rollout.surge < UINT32_MAX - 1)
    rollout.surge += static_cast<std::uint32_t>(open - core::plan_rollout(rollout).launches);
  return rollout.surge;
}

std::vector<core::DownscaleCandidate> drop_candidates(
    const ServiceState& service, const std::function<bool(const Replica&)>& may_go) {
  std::vector<core::DownscaleCandidate> candidates;
  const auto& targets = service.spec().replicas.target_qps_per_accelerator;
  for (const auto& [id, replica] : service.replicas) {
    if (!core::is_live(replica.phase) || !may_go(replica)) continue;
    candidates.push_back({.id = id,
                          .phase = replica.phase,
                          .is_outdated = replica.version != service.version,
                          .capacity = core::capacity_of(targets, replica.offer.accelerator),
                          .price = replica.offer.price,
                          .in_flight = replica.in_flight});
  }
  std::vector<core::DownscaleCandidate> ordered;
  for (const core::ReplicaId id : core::downscale_order(candidates))  // they are listed by id
    ordered.push_back(
        *std::lower_bound(candidates.begin(), candidates.end(), id,
                          [](const auto& one, auto wanted) { return one.id < wanted; }));
  return ordered;
}

}  // namespace sky::projections
