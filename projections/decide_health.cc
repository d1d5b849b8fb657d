#include <algorithm>

#include "core/replica_health.h"
#include "projections/decide.h"
#include "projections/open_intents.h"
#include "projections/retire.h"

namespace sky::projections {
namespace {

using core::Phase;

// After so many refusals a person has to look. With the back-off that is about five minutes.
constexpr std::uint32_t max_terminations = 8;
// A machine being given up while its launch is unanswered: no provider takes longer to answer.
constexpr core::Duration launch_answer_patience = core::seconds(600);

std::string seconds_text(core::Duration duration) {
  return std::to_string(core::whole_seconds(duration)) + " s";
}

std::string given_up_text(Phase final_phase, const Replica& replica,
                          const core::ReadinessProbe& probe) {
  const std::string last = replica.last_http_status == 0
                               ? "no answer"
                               : "HTTP " + std::to_string(replica.last_http_status);
  if (final_phase == Phase::failed_initial_delay)
    return "not ready within " + seconds_text(probe.initial_delay) + "; last probe: " + last;
  return "probes failed for " + seconds_text(probe.failure_window) + "; last probe: " + last;
}

class Health {
 public:
  Health(Recorder& recorder, const core::ServiceName& name, core::ReplicaId id)
      : recorder_(recorder), name_(name), id_(id), replica_(*recorder.replica(name, id)) {}

  void look() {
    if (replica_.termination_open) return look_at_termination();
    switch (replica_.phase) {
      case Phase::provisioning: return repeat_launch();
      case Phase::starting:
      case Phase::not_ready: return look_at_probes();
      case Phase::draining: return look_at_drain();
      case Phase::preempted: return give_back(Phase::preempted, "preempted");
      case Phase::failed:
        if (replica_.launch_open || !replica_.host.empty()) give_back(Phase::failed, "failed");
        return;
      default: return;
    }
  }

 private:
  bool is_due(core::Instant at) {
    if (recorder_.now() >= at) return true;
    recorder_.wake(name_, at);
    return false;
  }

  void give_back(Phase final_phase, std::string reason) {
    terminate(recorder_, name_, id_, {final_phase, std::move(reason)}, replica_.last_cause);
  }

  void repeat_launch() {
    if (!replica_.launch_open || !replica_.retry_at || !is_due(*replica_.retry_at)) return;
    recorder_.record(
        {name_, id_, replica_.last_cause},
        core::LaunchIntended{replica_.attempt, replica_.offer, replica_.paid_overflow});
    recorder_.order(launch_call(recorder_.model(), *recorder_.service(name_), replica_));
  }

  void look_at_probes() {
    const ServiceState& service = *recorder_.service(name_);
    const auto version = service.versions.find(replica_.version);
    const core::ReadinessProbe& probe =
        (version == service.versions.end() ? service.spec() : version->second.spec).probe;
    const auto end = core::given_up({.phase = replica_.phase,
                                     .provisioned = replica_.provisioned.value_or(core::Instant{}),
                                     .failing_since = replica_.failing_since},
                                    probe);
    if (end && is_due(end->at))
      give_back(end->final_phase, given_up_text(end->final_phase, replica_, probe));
  }

  void look_at_drain() {
    const bool is_over = replica_.drained || !replica_.drain_deadline;
    if (!is_over && !is_due(*replica_.drain_deadline)) return;
    const Phase final_phase = replica_.notice_deadline ? Phase::preempted : Phase::terminated;
    give_back(final_phase, replica_.drained ? "drained" : "its time to drain is over");
  }

  void look_at_termination() {
    if (replica_.retry_at) {
      if (!is_due(*replica_.retry_at)) return;
      if (replica_.termination_attempts >= max_terminations) {
        recorder_.record({name_, id_, replica_.last_cause},
                         core::ReplicaEnded{Phase::failed_cleanup, replica_.reason});
        return;
      }
      give_back(replica_.final_phase, replica_.reason);
    } else if (replica_.launch_open && is_due(replica_.phase_since.at + launch_answer_patience)) {
      give_back(replica_.final_phase, replica_.reason);
    }
  }

  Recorder& recorder_;
  const core::ServiceName& name_;
  core::ReplicaId id_;
  const Replica& replica_;
};

}  // namespace

std::vector<core::ReplicaId> replica_ids(const ServiceState& service) {
  std::vector<core::ReplicaId> ids;
  for (const auto& [id, replica] : service.replicas) ids.push_back(id);
  return ids;
}

void decide_health(Recorder& recorder, const core::ServiceName& name) {
  for (const core::ReplicaId id : replica_ids(*recorder.service(name)))
    if (recorder.replica(name, id)) Health(recorder, name, id).look();
}

}  // namespace sky::projections
