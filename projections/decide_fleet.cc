#include <algorithm>

#include "projections/decide.h"
#include "projections/fleet_view.h"
#include "projections/market_question.h"
#include "projections/retire.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::Pool;

class Fleet {
 public:
  Fleet(Recorder& recorder, const ServiceState& service)
      : recorder_(recorder),
        service_(service),
        view_(fleet_view(recorder.model().zones, service, recorder.now())),
        ready_(view_.ready) {
    if (view_.rollout.live_old > 0)
      for (const core::Instant baked : view_.baked_at) recorder_.wake(service_.name, baked);
    if (view_.retry_at && !view_.missing.empty()) recorder_.wake(service_.name, *view_.retry_at);
  }

  void decide() {
    // Everything is read before anything is recorded: the counts above stay true meanwhile.
    const std::vector<core::ReplicaId> outdated = drops_outdated();
    const std::vector<std::pair<core::ReplicaId, core::DrainReason>> surplus = drops_surplus();
    const std::vector<Pool> missing = view_.launches();
    const core::Seq cause = service_.fleet_cause;
    recorder_.notes().services.at(service_.name).planned.value = view_.market;
    for (const Pool pool : missing)
      recorder_.record({service_.name, core::ReplicaId{service_.last_replica_id + 1}, cause},
                       core::ReplicaPlanned{service_.version, pool, reason_for(pool)});
    for (const core::ReplicaId id : outdated) give_up(id, core::DrainReason::outdated, cause);
    for (const auto& [id, reason] : surplus) give_up(id, reason, cause);
  }

 private:
  bool is_current(const Replica& replica) const { return replica.version == service_.version; }

  bool is_forbidden(const Replica& replica) const {
    return service_.spec().no_paid_overflow && is_current(replica) && replica.pool == Pool::base &&
           replica.launched && replica.phase != Phase::pending && replica.offer.is_paid();
  }

  std::vector<core::ReplicaId> ordered(const std::function<bool(const Replica&)>& may_go) const {
    std::vector<core::ReplicaId> ids;
    for (const core::DownscaleCandidate& one : drop_candidates(service_, may_go))
      ids.push_back(one.id);
    return ids;
  }

  bool is_ready(core::ReplicaId id) const { return service_.replicas.at(id).phase == Phase::ready; }

  std::vector<core::ReplicaId> drops_outdated() {
    std::vector<core::ReplicaId> drops;
    std::uint32_t unready = view_.moves.drops_unready, ready = view_.moves.drops_ready;
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
    // Billed machines that an update forbade: they go, whether or not a free one is left.
    const auto forbidden = ordered([&](const Replica& one) { return is_forbidden(one); });
    for (const core::ReplicaId id : forbidden) {
      ready_ -= is_ready(id) ? 1 : 0;
      drops.emplace_back(id, core::DrainReason::outdated);
    }
    for (const Pool pool : {Pool::fallback, Pool::burst, Pool::base}) {
      if (view_.market && pool == Pool::burst) {
        for (const core::ReplicaId id : drops_planned()) {
          ready_ -= is_ready(id) ? 1 : 0;
          drops.emplace_back(id, core::DrainReason::scale_down);
        }
        continue;
      }
      const auto gone = static_cast<std::uint32_t>(pool == Pool::base ? forbidden.size() : 0);
      const std::uint32_t live = live_in(service_, pool) - gone, size = size_of(view_.sizes, pool);
      std::uint32_t surplus = live > size ? live - size : 0;
      for (const core::ReplicaId id : ordered([&](const Replica& one) {
             return is_current(one) && one.pool == pool && !is_forbidden(one);
           })) {
        if (surplus == 0) break;
        const bool must_stay =
            is_ready(id) && pool != Pool::fallback && ready_ <= view_.sizes.serving();
        if (must_stay) continue;
        --surplus;
        ready_ -= is_ready(id) ? 1 : 0;
        drops.emplace_back(id, pool == Pool::fallback ? core::DrainReason::spot_returned
                                                      : core::DrainReason::scale_down);
      }
    }
    return drops;
  }

  // By zone, as the policy of the whole fleet says: it knows what serves instead.
  std::vector<core::ReplicaId> drops_planned() const {
    std::vector<core::ReplicaId> drops;
    const auto drop = [&](std::uint32_t surplus,
                          const std::function<bool(const Replica&)>& may_go) {
      for (const core::ReplicaId id : ordered(may_go)) {
        if (surplus == 0) break;
        --surplus;
        drops.push_back(id);
      }
    };
    const auto is_burst = [&](const Replica& one) {
      return is_current(one) && one.pool == Pool::burst;
    };
    for (const MarketShare& share : view_.market->shares)
      if (share.held > share.wanted)
        drop(share.held - share.wanted, [&](const Replica& one) {
          return is_burst(one) && one.phase != Phase::pending &&
                 key_of(one.offer) == key_of(share.offer);
        });
    const std::uint32_t kept = view_.market->missing() + view_.market->waiting;
    const std::uint32_t waiting = unplaced(service_);
    if (waiting > kept)
      drop(waiting - kept,
           [&](const Replica& one) { return is_burst(one) && one.phase == Phase::pending; });
    return drops;
  }

  void give_up(core::ReplicaId id, core::DrainReason reason, core::Seq cause) {
    retire(recorder_, service_.name, id,
           {.reason = reason, .deadline = recorder_.now() + drain_time, .cause = cause});
  }

  std::string reason_for(Pool pool) const {
    const std::string wanted = std::to_string(size_of(view_.sizes, pool));
    if (view_.market && pool != Pool::base)
      return std::string(core::to_text(pool)) + " pool, for a target of " +
             std::to_string(service_.target) + ": " + plan_text(*view_.market);
    return std::string(core::to_text(pool)) + " pool: " + wanted + " wanted for a target of " +
           std::to_string(service_.target);
  }

  Recorder& recorder_;
  const ServiceState& service_;
  FleetView view_;
  std::uint32_t ready_;  // and not given up in this pass
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
  if (service.removal_requested || !is_evaluated) return;
  // A policy of the whole fleet is asked once in a step: its launches have no answer yet.
  if (!service.planned.value) Fleet(recorder, service).decide();
  if (service.planned.value) recorder.wake(name, service.planned.value->look_again);
}

}  // namespace sky::projections
