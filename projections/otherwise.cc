#include "projections/otherwise.h"

#include <algorithm>

#include "core/replica_health.h"
#include "projections/market_question.h"
#include "projections/placement_question.h"
#include "projections/step.h"

namespace sky::projections {
namespace {

using core::Event;
using core::Phase;

PlacementOtherwise::Other other_of(const Model& before, const PlacementQuestion& question,
                                   const core::Candidate& candidate, core::Instant now) {
  PlacementOtherwise::Other other{candidate.offer, {}, {}};
  if (const auto block = block_on(before.zones, candidate.offer, now))
    other.blocked_until = block->until;
  const auto& offers = question.offers();
  const auto found = std::find_if(offers.begin(), offers.end(), [&](const core::OfferState& one) {
    return *one.offer == candidate.offer;
  });
  if (found == offers.end()) return other;
  const auto rule = [&](std::span<const core::OfferState> changed,
                        const std::set<core::Place>& preempting) {
    return question.answer(changed, preempting);
  };
  other.needs = core::needs_to_be_chosen(rule, offers, question.preempting(),
                                         static_cast<std::size_t>(found - offers.begin()));
  return other;
}

// What the policy says when the offer it chose is blocked, too.
std::optional<core::Offer> next_choice(const PlacementQuestion& question,
                                       const core::Offer& chosen) {
  std::vector<core::OfferState> offers = question.offers();
  for (core::OfferState& one : offers)
    if (*one.offer == chosen) one.is_blocked = true;
  const core::PlacementChosen answer = question.answer(offers, question.preempting());
  const core::Offer* next = core::chosen_offer(answer);
  return next ? std::optional(*next) : std::nullopt;
}

// The drain and the termination of a fleet that is too large say the same.
std::optional<core::DrainReason> drop_reason(const core::EventBody& body) {
  using enum core::DrainReason;
  if (const auto* drain = std::get_if<core::DrainStarted>(&body)) {
    const bool is_drop =
        drain->reason == scale_down || drain->reason == outdated || drain->reason == spot_returned;
    return is_drop ? std::optional(drain->reason) : std::nullopt;
  }
  std::string text;
  if (const auto* end = std::get_if<core::TerminationIntended>(&body)) text = end->reason;
  if (const auto* end = std::get_if<core::ReplicaEnded>(&body)) text = end->reason;
  for (const core::DrainReason one : {scale_down, outdated, spot_returned})
    if (text == core::to_text(one)) return one;
  return {};
}

struct Asked {
  const Model& before;
  const Event& event;
  const ServiceState& service;
  const Replica* replica = find_replica(before, event);

  core::Instant now() const { return event.time.at; }

  template <class Body>
  Otherwise operator()(const Body&) const {
    return std::monostate{};
  }
  Otherwise operator()(const core::ScaleEvaluated& body) const {
    return scale_otherwise(service, now(), body);
  }
  Otherwise operator()(const core::PlacementChosen& body) const {
    if (!replica || !service.versions.contains(replica->version)) return std::monostate{};
    const bool is_planned = replica->pool == core::Pool::burst && plans_fleet(service.spec());
    if (is_planned) return std::monostate{};  // its candidates say what spoke against each
    const PlacementQuestion question(before, service, *replica, now());
    PlacementOtherwise found;
    found.earliest = question.earliest();
    for (const core::Candidate& candidate : body.candidates) {
      if (candidate.chosen) {
        found.chosen = candidate.offer;
        found.next = next_choice(question, candidate.offer);
      } else {
        found.others.push_back(other_of(before, question, candidate, now()));
      }
    }
    return found;
  }
  Otherwise operator()(const core::ProvisionFailed& body) const {
    if (!replica) return std::monostate{};
    const auto verdict = core::judge_launch(body.failure, replica->offer, replica->same_calls);
    LaunchOtherwise found;
    found.failure = body.failure;
    found.next = verdict.next;
    found.same_calls = replica->same_calls;
    Model after = before;
    const Step step = projections::step(
        after, {event.time,
                core::LaunchAnswered{event.service, event.replica, body.attempt, body.failure}});
    for (const Event& followed : step.events) {
      if (const auto* block = std::get_if<core::ZoneBlocked>(&followed.body)) {
        found.blocked = core::BlockKey{block->place, block->instance_type, block->market};
        found.until = block->until;
      }
      const auto* launch = std::get_if<core::LaunchIntended>(&followed.body);
      if (launch && followed.replica == event.replica && !found.instead)
        found.instead = launch->offer;
    }
    if (const Replica* left = find_replica(after, event)) found.retry_at = left->retry_at;
    return found;
  }
  Otherwise operator()(const core::ZoneBlocked& body) const {
    LaunchOtherwise found;
    found.failure = body.failure;
    found.blocked = core::BlockKey{body.place, body.instance_type, body.market};
    found.until = body.until;
    return found;
  }
  Otherwise operator()(const core::VersionRolledBack& body) const {
    const auto failed = service.versions.find(body.failed);
    if (failed == service.versions.end()) return std::monostate{};
    return RollbackOtherwise{body.failed, body.restored, failed->second.spec.rollout.bake_time,
                             failed->second.failures};
  }
  Otherwise operator()(const core::ReplicaPlanned& body) const {
    return PlanOtherwise{fleet_view(before.zones, service, now()), body.pool,
                         live_in(service, body.pool), service.target, target_without(body.pool)};
  }
  Otherwise operator()(const core::ReplicaBecameNotReady&) const {
    const core::ReadinessProbe* rules = probe();
    if (!rules) return std::monostate{};
    const auto end = core::given_up({.phase = Phase::not_ready,
                                     .provisioned = replica->provisioned.value_or(now()),
                                     .failing_since = replica->failing_since},
                                    *rules);
    return UnreadyOtherwise{end ? std::optional(end->at) : std::nullopt};
  }
  Otherwise operator()(const core::PreemptionNoticed&) const { return taken(); }
  Otherwise operator()(const core::ReplicaPreempted&) const { return taken(); }
  Otherwise operator()(const core::RequestsHeld&) const { return hold(); }
  Otherwise operator()(const core::RequestsShed&) const { return hold(); }
  Otherwise operator()(const core::DrainStarted&) const { return drop(); }
  Otherwise operator()(const core::ReplicaEnded&) const { return drop(); }
  Otherwise operator()(const core::TerminationIntended& body) const {
    const bool is_silent = body.final_phase == Phase::failed_initial_delay ||
                           body.final_phase == Phase::failed_probing;
    return is_silent ? silence(body.final_phase) : drop();
  }

  std::optional<std::uint32_t> target_without(core::Pool pool) const {
    ServiceState smaller = service;
    while (smaller.target > 0) {
      --smaller.target;
      if (size_of(fleet_view(before.zones, smaller, now()).sizes, pool) <= live_in(service, pool))
        return smaller.target;
    }
    return {};
  }

  const core::ReadinessProbe* probe() const {
    const auto version = replica ? service.versions.find(replica->version) : service.versions.end();
    return version == service.versions.end() ? nullptr : &version->second.spec.probe;
  }

  Otherwise taken() const {
    if (!replica) return std::monostate{};
    return TakenOtherwise{replica->offer.price, replica->offer.on_demand_price, replica->is_spot()};
  }

  Otherwise hold() const {
    const core::LoadBalancerSpec& balancer = service.spec().balancer;
    return HoldOtherwise{ready_count(service), balancer.hold_limit, balancer.hold_timeout};
  }

  Otherwise silence(Phase final_phase) const {
    const core::ReadinessProbe* rules = probe();
    if (!rules) return std::monostate{};
    const core::Instant since =
        replica->failing_since.value_or(replica->provisioned.value_or(now()));
    return SilenceOtherwise{
        final_phase,
        final_phase == Phase::failed_probing ? rules->failure_window : rules->initial_delay,
        now() - since, replica->last_http_status};
  }

  Otherwise drop() const {
    const auto reason = drop_reason(event.body);
    if (!reason || !replica) return std::monostate{};
    const bool is_outdated = *reason == core::DrainReason::outdated;
    const auto order = drop_candidates(service, [&](const Replica& one) {
      const bool is_current = one.version == service.version;
      return is_outdated ? !is_current : is_current && one.pool == replica->pool;
    });
    const auto gone = std::find_if(order.begin(), order.end(),
                                   [&](const auto& one) { return one.id == event.replica; });
    if (gone == order.end()) return std::monostate{};
    DropOtherwise found;
    found.reason = *reason;
    found.gone = *gone;
    found.pool = replica->pool;
    found.live = live_in(service, replica->pool);
    found.wanted = size_of(fleet_view(before.zones, service, now()).sizes, replica->pool);
    if (std::next(gone) == order.end()) return found;
    found.next = *std::next(gone);
    found.trait = core::deciding_trait(*gone, *found.next);
    return found;
  }
};

}  // namespace

Otherwise otherwise(const Model& before, const Event& event) {
  const ServiceState* service = find_service(before, event.service);
  if (!service) return std::monostate{};
  return std::visit(Asked{before, event, *service}, event.body);
}

}  // namespace sky::projections
