#include <algorithm>

#include "core/launch_verdict.h"
#include "projections/ingest.h"
#include "projections/open_intents.h"
#include "projections/retire.h"

namespace sky::projections {
namespace {

using core::Actor;
using core::InstanceChange;
using core::Phase;

// Before a machine is taken: the last requests must be cut while their replies can still leave.
constexpr core::Duration notice_margin = core::seconds(2);

struct Subject {
  const core::ServiceName& service;
  core::ReplicaId replica;

  About about(core::Seq cause) const { return {service, replica, cause, Actor::cloud}; }
};

void record_success(Recorder& recorder, const Subject& subject, const Replica& replica,
                    const core::ProvisionSucceeded& success) {
  const core::Offer offer = replica.offer;
  const core::Seq cause = recorder.record(subject.about(replica.intent), success);
  if (recorder.model().zones.blocks.contains(key_of(offer)))
    recorder.record({subject.service, subject.replica, cause},
                    core::ZoneCleared{offer.place, offer.instance_type, offer.market,
                                      "a launch succeeded there"});
}

// A policy that plans with the risk of zones has its own time to ask a refused one again.
core::Instant block_end(const Recorder& recorder, const Subject& subject, const core::Offer& offer,
                        const core::Failure& failure, const core::Block& block) {
  const ServiceState& service = *recorder.service(subject.service);
  const ZoneHistory& zones = recorder.model().zones;
  const auto record = zones.records.find(key_of(offer));
  const bool is_own = failure.kind == core::FailureKind::capacity && offer.is_spot() &&
                      service.spec().replicas.placement == core::Placement::market &&
                      service.spec().replicas.market.rule == core::MarketRule::hazard_hedge;
  if (!is_own || record == zones.records.end())
    return next_block_end(zones, block, failure.retry_after, recorder.now());
  return std::max(recorder.now() + failure.retry_after,
                  core::retry_at(record->second.belief).value_or(recorder.now()));
}

void record_failure(Recorder& recorder, const Subject& subject, const Replica& replica,
                    const core::Failure& failure) {
  const core::LaunchVerdict verdict =
      core::judge_launch(failure, replica.offer, replica.same_calls);
  const core::Seq cause = recorder.record(subject.about(replica.intent),
                                          core::ProvisionFailed{replica.attempt, failure});
  if (verdict.block) {
    const core::Instant until =
        block_end(recorder, subject, replica.offer, failure, *verdict.block);
    const core::BlockKey& key = verdict.block->key;
    recorder.record({subject.service, subject.replica, cause},
                    core::ZoneBlocked{key.place, key.instance_type, key.market, failure, until});
  }
  const Replica* left = recorder.replica(subject.service, subject.replica);
  if (verdict.next == core::NextLaunch::none && left->phase == Phase::pending)
    recorder.record({subject.service, subject.replica, cause},
                    core::ReplicaEnded{Phase::failed_provision, failure.text});
}

void repeat_termination(Recorder& recorder, const Subject& subject) {
  const Replica* replica = recorder.replica(subject.service, subject.replica);
  if (replica && replica->termination_open)
    recorder.order(terminate_call(recorder.model(), *recorder.service(subject.service), *replica));
}

void record_notice(Recorder& recorder, const Subject& subject,
                   const core::InstanceChanged& change) {
  const Replica* replica = recorder.replica(subject.service, subject.replica);
  if (replica->notice_deadline) return;
  const core::Instant taken = recorder.now() + change.notice_left;
  const core::Seq cause =
      recorder.record(subject.about({}), core::PreemptionNoticed{taken, change.text});
  const core::Instant deadline =
      taken - std::min<core::Duration>(notice_margin, change.notice_left / 10);
  const bool drains_sooner = replica->phase == Phase::draining && replica->drain_deadline &&
                             *replica->drain_deadline <= deadline;
  if (!drains_sooner)
    retire(recorder, subject.service, subject.replica,
           {.reason = core::DrainReason::preemption_notice,
            .deadline = deadline,
            .final_phase = Phase::preempted,
            .cause = cause});
}

void record_loss(Recorder& recorder, const Subject& subject, const Replica& replica,
                 core::InstanceLost loss) {
  // On its way out already: nothing is missing.
  const bool was_leaving = replica.phase == Phase::draining && !replica.notice_deadline;
  if (was_leaving) {
    terminate(recorder, subject.service, subject.replica, {Phase::terminated, loss.text}, {});
  } else if (replica.notice_deadline) {
    recorder.record(subject.about({}), core::ReplicaPreempted{loss.text});
  } else {
    recorder.record(subject.about({}), std::move(loss));
  }
}

bool holds_machine(const Replica& replica) {
  return !core::is_terminal(replica.phase) && replica.phase != Phase::shutting_down &&
         replica.phase != Phase::pending;
}

// Of that very cloud: the sandbox has clouds of the same names as the real ones.
bool is_of(const core::InstancesListed& list, const ServiceState& service, const Replica& replica) {
  return replica.offer.place.cloud == list.cloud &&
         spec_of(service, replica).sandbox.enabled == list.sandbox;
}

// A machine that a list shows belongs to somebody if an open or successful launch made it.
bool is_remembered(const Recorder& recorder, const core::InstancesListed& list,
                   const core::ListedInstance& instance) {
  const Replica* replica = recorder.replica(instance.service, instance.replica);
  if (!replica || replica->attempt != instance.attempt) return false;
  if (!is_of(list, *recorder.service(instance.service), *replica)) return false;
  return holds_machine(*replica) || replica->termination_open || replica->launch_open;
}

void find_orphans(Recorder& recorder, const core::InstancesListed& list) {
  // Asked before the newest termination: what it shows may be gone by now. The next one tells.
  if (list.asked_at <= recorder.model().last_termination) return;
  for (const core::ListedInstance& instance : list.instances) {
    if (is_remembered(recorder, list, instance)) continue;
    if (!recorder.model().orphans.contains(instance.instance_id))
      recorder.record({instance.service, {}, {}, Actor::cloud},
                      core::OrphanFound{instance.instance_id, instance.place, list.sandbox});
    recorder.order(core::TerminateOrphan{instance.instance_id, instance.place, list.sandbox});
  }
}

}  // namespace

void ingest_cloud(Recorder& recorder, Touched& touched, const core::LaunchAnswered& answer) {
  const Subject subject{answer.service, answer.replica};
  const Replica* replica = recorder.replica(answer.service, answer.replica);
  const auto* success = std::get_if<core::ProvisionSucceeded>(&answer.outcome);
  const bool is_current = replica && replica->attempt == answer.attempt;
  if (!is_current || !replica->launch_open) {
    // A machine for a replica that is on its way out, or gone: it must not stay.
    if (success && is_current && replica->termination_open) repeat_termination(recorder, subject);
    if (success && (!is_current || core::is_terminal(replica->phase)))
      recorder.order(core::SweepInstances{});
    return;
  }
  if (success) {
    core::ProvisionSucceeded fact = *success;
    fact.attempt = answer.attempt;
    record_success(recorder, subject, *replica, fact);
  } else {
    record_failure(recorder, subject, *replica, std::get<core::Failure>(answer.outcome));
  }
  repeat_termination(recorder, subject);
  touched.insert(answer.service);
}

void ingest_cloud(Recorder& recorder, Touched& touched, const core::TerminateAnswered& answer) {
  const Replica* replica = recorder.replica(answer.service, answer.replica);
  if (!replica || !replica->termination_open) return;
  const About about{answer.service, answer.replica, replica->last_cause, Actor::cloud};
  if (const auto* failure = std::get_if<core::Failure>(&answer.outcome)) {
    if (replica->retry_at) return;  // the answer to a call that was repeated meanwhile
    recorder.record(about, core::TerminationFailed{*failure});
  } else {
    // While the launch is unanswered "nothing there" may be too early; it is asked again then.
    if (replica->launch_open) return;
    recorder.record(about, core::TerminationSucceeded{});
  }
  touched.insert(answer.service);
}

void ingest_cloud(Recorder& recorder, Touched& touched, const core::InstanceChanged& change) {
  const Subject subject{change.service, change.replica};
  const Replica* replica = recorder.replica(change.service, change.replica);
  if (!replica || replica->attempt != change.attempt || !holds_machine(*replica)) return;
  switch (change.change) {
    case InstanceChange::unknown: return;
    case InstanceChange::started:
      if (replica->phase != Phase::starting) return;
      recorder.record(subject.about(replica->last_cause), core::ReplicaStarted{});
      break;
    case InstanceChange::noticed: record_notice(recorder, subject, change); break;
    case InstanceChange::preempted:
      recorder.record(subject.about({}), core::ReplicaPreempted{change.text});
      break;
    case InstanceChange::lost:
      record_loss(recorder, subject, *replica, {change.text, false});
      break;
    case InstanceChange::user_code_ended:
      record_loss(recorder, subject, *replica, {change.text, true});
      break;
    case InstanceChange::suspected:
      recorder.order(core::ProbeNow{change.service, change.replica});
      return;
  }
  touched.insert(change.service);
}

void ingest_cloud(Recorder& recorder, Touched& touched, const core::InstancesListed& list) {
  find_orphans(recorder, list);
  std::set<std::pair<core::ServiceName, core::ReplicaId>> present;
  for (const core::ListedInstance& one : list.instances) present.emplace(one.service, one.replica);
  std::vector<std::pair<core::ServiceName, core::ReplicaId>> lost;
  for (const auto& [name, service] : recorder.model().services)
    for (const auto& [id, replica] : service.replicas) {
      const bool is_expected = holds_machine(replica) && !replica.launch_open &&
                               is_of(list, service, replica) && replica.provisioned &&
                               *replica.provisioned < list.asked_at;
      if (is_expected && !present.contains({name, id})) lost.emplace_back(name, id);
    }
  for (const auto& [name, id] : lost) {
    record_loss(recorder, {name, id}, *recorder.replica(name, id), {unlisted_text, false});
    touched.insert(name);
  }
}

void ingest_cloud(Recorder& recorder, Touched&, const core::OrphanTerminated& answer) {
  if (!recorder.model().orphans.contains(answer.instance_id)) return;
  recorder.record({.actor = Actor::cloud}, core::OrphanEnded{answer.instance_id});
}

}  // namespace sky::projections
