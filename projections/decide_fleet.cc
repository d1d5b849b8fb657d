#include <algorithm>
#include <array>

#include "core/autoscale_instance_aware.h"
#include "core/downscale_order.h"
#include "core/pool_split.h"
#include "core/rollout.h"
#include "projections/decide.h"
#include "projections/retire.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::Pool;

// A version that never worked is given up after so many failures in a row: with the back-off that
// is half an hour of trying. `skyctl update` begins anew. A guess.
constexpr std::uint32_t max_failures_unproven = 10;

constexpr std::array pools = {Pool::base, Pool::burst, Pool::fallback};

std::uint32_t size_of(const core::PoolSizes& sizes, Pool pool) {
  switch (pool) {
    case Pool::base: return sizes.base;
    case Pool::burst: return sizes.burst;
    default: return sizes.fallback;
  }
}

class Fleet {
 public:
  Fleet(Recorder& recorder, const ServiceState& service)
      : recorder_(recorder),
        service_(service),
        spec_(service.spec()),
        version_(service.versions.at(service.version)) {
    std::uint32_t ready_spot = 0;
    for (const auto& [id, replica] : service.replicas)
      if (replica.phase == Phase::ready && replica.is_spot()) ++ready_spot;
    sizes_ = core::split_pools(spec_, service.target, ready_spot);
    moves_ = core::plan_rollout(look());
  }

  void decide() {
    // Everything is read before anything is recorded: the counts above stay true meanwhile.
    const std::vector<core::ReplicaId> outdated = drops_outdated();
    const std::vector<std::pair<core::ReplicaId, core::DrainReason>> surplus = drops_surplus();
    const std::vector<Pool> missing = launches();
    const core::Seq cause = service_.fleet_cause;
    for (const Pool pool : missing)
      recorder_.record({service_.name, core::ReplicaId{service_.last_replica_id + 1}, cause},
                       core::ReplicaPlanned{service_.version, pool, reason_for(pool)});
    for (const core::ReplicaId id : outdated) give_up(id, core::DrainReason::outdated, cause);
    for (const auto& [id, reason] : surplus) give_up(id, reason, cause);
  }

 private:
  bool is_current(const Replica& replica) const { return replica.version == service_.version; }

  // Ready without a break for the bake time; otherwise the time at which it would be matters.
  bool is_baked(const Replica& replica) {
    if (replica.phase != Phase::ready) return false;
    const core::Instant baked = replica.phase_since.at + spec_.rollout.bake_time;
    if (recorder_.now() >= baked) return true;
    unbaked_.push_back(baked);
    return false;
  }

  core::RolloutView look() {
    core::RolloutView view;
    view.mode = service_.update_mode;
    view.surge = spec_.rollout.max_surge;
    view.wanted = sizes_.total();
    for (const auto& [id, replica] : service_.replicas) {
      if (!core::is_live(replica.phase)) continue;
      const bool is_ready = replica.phase == Phase::ready;
      ready_ += is_ready ? 1 : 0;
      ++(is_current(replica) ? view.live_new : view.live_old);
      if (is_current(replica))
        view.baked_new += is_baked(replica) ? 1 : 0;
      else
        view.ready_old += is_ready ? 1 : 0;
    }
    if (view.live_old > 0)
      for (const core::Instant baked : unbaked_) recorder_.wake(service_.name, baked);
    return view;
  }

  std::uint32_t live_in(Pool pool) const {
    return static_cast<std::uint32_t>(
        std::count_if(service_.replicas.begin(), service_.replicas.end(), [&](const auto& one) {
          const Replica& replica = one.second;
          return core::is_live(replica.phase) && is_current(replica) && replica.pool == pool;
        }));
  }

  std::uint32_t withheld() {
    if (!version_.ever_ready && version_.failures >= max_failures_unproven) return UINT32_MAX;
    if (version_.unreplaced == 0 || recorder_.now() >= version_.retry_at) return 0;
    recorder_.wake(service_.name, version_.retry_at);
    return version_.unreplaced;
  }

  std::vector<Pool> launches() {
    std::vector<Pool> missing;
    for (const Pool pool : pools)
      for (std::uint32_t live = live_in(pool); live < size_of(sizes_, pool); ++live)
        missing.push_back(pool);
    if (missing.empty()) return missing;
    const std::size_t held_back = std::min<std::size_t>(withheld(), missing.size());
    missing.resize(std::min<std::size_t>(missing.size() - held_back, moves_.launches));
    return missing;
  }

  std::vector<core::ReplicaId> ordered(auto&& is_candidate) const {
    std::vector<core::DownscaleCandidate> candidates;
    const auto& targets = spec_.replicas.target_qps_per_accelerator;
    for (const auto& [id, replica] : service_.replicas) {
      if (!core::is_live(replica.phase) || !is_candidate(replica)) continue;
      candidates.push_back({.id = id,
                            .phase = replica.phase,
                            .is_outdated = !is_current(replica),
                            .capacity = core::capacity_of(targets, replica.offer.accelerator),
                            .price = replica.offer.price,
                            .in_flight = replica.in_flight});
    }
    return core::downscale_order(std::move(candidates));
  }

  bool is_ready(core::ReplicaId id) const { return service_.replicas.at(id).phase == Phase::ready; }

  std::vector<core::ReplicaId> drops_outdated() {
    std::vector<core::ReplicaId> drops;
    std::uint32_t unready = moves_.drops_unready, ready = moves_.drops_ready;
    for (const core::ReplicaId id : ordered([&](const Replica& one) { return !is_current(one); })) {
      std::uint32_t& left = is_ready(id) ? ready : unready;
      if (left == 0) continue;
      --left;
      ready_ -= is_ready(id) ? 1 : 0;
      drops.push_back(id);
    }
    return drops;
  }

  // A pool that is too large gives a ready replica up only when enough others serve: a change of
  // the pools' sizes first launches, then drops. Cover for spot goes when spot is ready.
  std::vector<std::pair<core::ReplicaId, core::DrainReason>> drops_surplus() {
    std::vector<std::pair<core::ReplicaId, core::DrainReason>> drops;
    for (const Pool pool : {Pool::fallback, Pool::burst, Pool::base}) {
      const std::uint32_t live = live_in(pool), size = size_of(sizes_, pool);
      std::uint32_t surplus = live > size ? live - size : 0;
      for (const core::ReplicaId id :
           ordered([&](const Replica& one) { return is_current(one) && one.pool == pool; })) {
        if (surplus == 0) break;
        const bool must_stay = is_ready(id) && pool != Pool::fallback && ready_ <= sizes_.serving();
        if (must_stay) continue;
        --surplus;
        ready_ -= is_ready(id) ? 1 : 0;
        drops.emplace_back(id, pool == Pool::fallback ? core::DrainReason::spot_returned
                                                      : core::DrainReason::scale_down);
      }
    }
    return drops;
  }

  void give_up(core::ReplicaId id, core::DrainReason reason, core::Seq cause) {
    retire(recorder_, service_.name, id,
           {.reason = reason, .deadline = recorder_.now() + drain_time, .cause = cause});
  }

  std::string reason_for(Pool pool) const {
    const std::string wanted = std::to_string(size_of(sizes_, pool));
    return std::string(core::to_text(pool)) + " pool: " + wanted + " wanted for a target of " +
           std::to_string(service_.target);
  }

  Recorder& recorder_;
  const ServiceState& service_;
  const core::ServiceSpec& spec_;
  const VersionState& version_;
  core::PoolSizes sizes_;
  core::RolloutMoves moves_;
  std::vector<core::Instant> unbaked_;
  std::uint32_t ready_ = 0;
};

}  // namespace

void decide_rollback(Recorder& recorder, const core::ServiceName& name) {
  const ServiceState& service = *recorder.service(name);
  const VersionState& wanted = service.versions.at(service.version);
  if (service.removal_requested || wanted.ever_ready || wanted.failures == 0) return;
  const auto proven =
      std::find_if(service.versions.rbegin(), service.versions.rend(), [&](const auto& one) {
        return one.first != service.version && one.second.ever_ready && !one.second.rolled_back;
      });
  if (proven == service.versions.rend()) return;
  recorder.record({name, {}, wanted.failure_seq},
                  core::VersionRolledBack{service.version, proven->first, wanted.failure_text,
                                          proven->second.spec.balancer,
                                          proven->second.spec.replicas.target_qps_per_accelerator});
}

void decide_fleet(Recorder& recorder, const core::ServiceName& name) {
  const ServiceState& service = *recorder.service(name);
  const bool is_evaluated = service.evaluated_version == service.version;
  if (!service.removal_requested && is_evaluated) Fleet(recorder, service).decide();
}

}  // namespace sky::projections
