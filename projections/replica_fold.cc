#include "projections/replica_fold.h"

#include <algorithm>

#include "core/backoff.h"
#include "core/check.h"
#include "core/launch_verdict.h"
#include "core/placement.h"
#include "core/policies/spot_hedge.h"
#include "projections/service_fold.h"

namespace sky::projections {
namespace {

using core::Phase;

struct ReplicaFold {
  ServiceState& service;
  Replica& replica;
  const core::Event& event;
  bool is_gone = false;  // leaves the table

  core::Instant now() const { return event.time.at; }

  VersionState* version() {
    const auto found = service.versions.find(replica.version);
    return found == service.versions.end() ? nullptr : &found->second;
  }

  void enter(Phase phase, std::string reason) {
    if (!reason.empty()) replica.reason = std::move(reason);
    if (phase == replica.phase) return;
    SKY_CHECK(core::is_legal(replica.phase, phase), "a replica changes its phase by the table");
    replica.phase = phase;
    replica.phase_since = event.time;
  }

  // Ended by itself, not by a cloud: the next one waits. Replicas that were planned together and
  // fail together are one failure, so that a large fleet does not wait longer than a small one.
  void count_failure(const std::string& text) {
    VersionState* state = version();
    if (!state) return;
    const bool is_new_round = state->failures == 0 || replica.planned.at >= state->retry_at;
    if (is_new_round) ++state->failures;
    if (is_new_round || now() >= state->retry_at)
      state->retry_at = now() + core::crash_backoff.after(state->failures);
    ++state->unreplaced;
    state->failure_seq = event.seq;
    state->failure_text = text;
  }

  void note_bake() {
    VersionState* state = version();
    if (!state || replica.phase != Phase::ready) return;
    if (now() - replica.phase_since.at < state->spec.rollout.bake_time) return;
    state->ever_ready = true;
    state->failures = 0;
  }

  // From the launch until it serves: of four parts, the newest is one.
  void note_cold_start() {
    VersionState* state = version();
    if (!state) return;
    const core::Duration took = now() - replica.attempted;
    state->cold_start =
        state->cold_start ? *state->cold_start + (took - *state->cold_start) / 4 : took;
  }

  void mark_zone() {
    const VersionState* wanted = version();
    if (!replica.is_spot() || !wanted) return;
    std::set<core::Place> zones;
    for (const core::Offer& offer : wanted->offers)
      if (offer.is_spot()) zones.insert(offer.place);
    const bool is_late = wanted->spec.replicas.market.forgives_late;
    core::mark_preempting(
        service.preempting, replica.offer.place, zones,
        is_late ? core::forgiving_as_artifact(zones.size()) : core::forgiving_as_printed);
  }

  void leave(Phase final_phase, const std::string& reason) {
    replica.launch_open = replica.termination_open = false;
    replica.retry_at.reset();
    replica.host.clear();
    finish_bill(replica, now());
    if (!core::is_terminal(replica.phase)) enter(final_phase, reason);
    is_gone = replica.phase == Phase::terminated || replica.phase == Phase::preempted;
  }

  template <class Body>
  void operator()(const Body&) {}

  void operator()(const core::PlacementChosen& body) {
    if (!core::chosen_offer(body)) replica.reason = body.reason;
  }
  void operator()(const core::LaunchIntended& body) {
    replica.retry_at.reset();
    if (body.attempt == replica.attempt) return;  // the same call again: it keeps its token
    replica.attempt = body.attempt;
    replica.intent = event.seq;
    replica.attempted = now();
    replica.offer = body.offer;
    replica.paid_overflow = body.paid_overflow;
    replica.launch_open = true;
    replica.same_calls = 0;
    if (!replica.launched) replica.launched = event.time;
    enter(Phase::provisioning, "launching in " + core::to_text(body.offer.place));
  }
  void operator()(const core::ProvisionSucceeded& body) {
    replica.launch_open = false;
    replica.retry_at.reset();
    replica.instance_id = body.instance_id;
    replica.host = body.host;
    replica.port = body.port;
    replica.provisioned = replica.billed_since = now();
    if (replica.phase == Phase::provisioning) enter(Phase::starting, "setup and start");
  }
  void operator()(const core::ProvisionFailed& body) {
    const auto verdict = core::judge_launch(body.failure, replica.offer, replica.same_calls);
    if (body.failure.kind == core::FailureKind::capacity) mark_zone();
    if (verdict.next == core::NextLaunch::same_call && replica.phase == Phase::provisioning) {
      ++replica.same_calls;
      replica.retry_at = now() + std::max(body.failure.retry_after,
                                          core::launch_backoff.after(replica.same_calls));
      replica.reason = body.failure.text;
      return;
    }
    replica.launch_open = false;
    ++replica.unready_launches;
    if (replica.phase == Phase::provisioning) enter(Phase::pending, body.failure.text);
  }
  void operator()(const core::ReplicaStarted&) { replica.reason = "the server was started"; }
  void operator()(const core::ProbeAnswered& body) {
    replica.last_http_status = body.http_status;
    replica.last_probe = now();
    if (body.ok) {
      replica.failing_since.reset();
      note_bake();
    } else if (!replica.failing_since) {
      replica.failing_since = now();
    }
  }
  void operator()(const core::ReplicaBecameReady&) {
    enter(Phase::ready, "answers");
    replica.ejected = false;
    if (!replica.first_ready) note_cold_start();
    if (!replica.first_ready) replica.first_ready = event.time;
    if (!service.first_ready) service.first_ready = event.time;
    if (replica.is_spot()) service.preempting.erase(replica.offer.place);
    note_bake();
  }
  void operator()(const core::ReplicaBecameNotReady& body) {
    note_bake();
    enter(Phase::not_ready, body.reason);
  }
  void operator()(const core::DrainStarted& body) {
    note_bake();
    replica.drain_deadline = body.deadline;
    replica.drained = false;
    enter(Phase::draining, std::string("draining: ") + core::to_text(body.reason));
  }
  void operator()(const core::ReplicaDrained&) { replica.drained = true; }
  void operator()(const core::TerminationIntended& body) {
    const bool is_again = replica.termination_open;
    if (is_again) replica.launch_open = false;  // waited long enough for the launch's answer
    replica.termination_open = true;
    replica.retry_at.reset();
    replica.final_phase = body.final_phase;
    if (core::is_terminal(replica.phase)) return;  // PREEMPTED and FAILED say more
    const bool is_failure = body.final_phase == Phase::failed_initial_delay ||
                            body.final_phase == Phase::failed_probing;
    if (is_failure && !is_again) count_failure(body.reason);
    enter(Phase::shutting_down, body.reason);
  }
  void operator()(const core::TerminationSucceeded&) { leave(replica.final_phase, {}); }
  void operator()(const core::TerminationFailed& body) {
    ++replica.termination_attempts;
    replica.retry_at =
        now() + std::max(body.failure.retry_after,
                         core::terminate_backoff.after(replica.termination_attempts));
    replica.reason = "cannot be terminated: " + body.failure.text;
  }
  void operator()(const core::ReplicaEnded& body) {
    if (body.final_phase == Phase::failed_provision) count_failure(body.reason);
    if (body.final_phase == Phase::failed_cleanup) {
      replica.termination_open = replica.launch_open = false;
      replica.retry_at.reset();
      replica.phase = Phase::failed_cleanup;  // from any phase: it may still cost money
      replica.phase_since = event.time;
      replica.reason = body.reason;
      return;
    }
    leave(body.final_phase, body.reason);
  }
  void operator()(const core::PreemptionNoticed& body) {
    replica.notice_deadline = body.deadline;
    replica.reason = body.text;
    mark_zone();
  }
  void operator()(const core::ReplicaPreempted& body) {
    if (!replica.notice_deadline) mark_zone();
    finish_bill(replica, now());
    enter(Phase::preempted, body.text);
  }
  void operator()(const core::InstanceLost& body) {
    note_bake();
    if (body.by_user_code) {
      count_failure(body.text);
      enter(Phase::failed, body.text);
      return;
    }
    finish_bill(replica, now());
    if (replica.is_spot()) mark_zone();
    enter(replica.is_spot() ? Phase::preempted : Phase::failed, body.text);
  }
  void operator()(const core::ReplicaEjected& body) {
    replica.ejected = true;
    replica.reason = "the endpoint left it out: " + body.reason;
  }
  void operator()(const core::ReplicaReadmitted&) {
    replica.ejected = false;
    replica.reason = "answers";
  }
};

void forget_oldest_failures(ServiceState& service) {
  std::size_t failed = 0;
  for (const auto& [id, replica] : service.replicas)
    failed += core::is_failed(replica.phase) && !replica.termination_open ? 1 : 0;
  auto row = service.replicas.begin();
  while (failed > max_failed_rows && row != service.replicas.end()) {
    // A failed clean-up is forgotten last: it may still cost money. It ends with the service.
    const bool may_go = core::is_failed(row->second.phase) && !row->second.termination_open &&
                        row->second.phase != Phase::failed_cleanup;
    if (may_go) {
      service.ledger.spent += row->second.cost;
      service.ledger.all_on_demand += row->second.cost_on_demand;
      row = service.replicas.erase(row);
      --failed;
    } else {
      ++row;
    }
  }
}

}  // namespace

void fold_replica(ServiceState& service, Replica& replica, const core::Event& event) {
  ReplicaFold fold{service, replica, event};
  std::visit(fold, event.body);
  if (!std::holds_alternative<core::ProbeAnswered>(event.body)) replica.last_cause = event.seq;
  if (fold.is_gone) {
    service.ledger.spent += replica.cost;
    service.ledger.all_on_demand += replica.cost_on_demand;
    service.replicas.erase(event.replica);
    return;
  }
  if (core::is_failed(replica.phase)) forget_oldest_failures(service);
}

}  // namespace sky::projections
