#include "projections/timeline.h"

#include <cstdint>
#include <variant>

#include "projections/wording.h"

namespace sky::projections {
namespace {

using std::string;

string number(std::uint64_t value) { return std::to_string(value); }
string after_colon(const string& text) { return text.empty() ? "" : ": " + text; }
string version_text(core::Version version) { return "version " + number(version.value); }

string failure_text(const core::Failure& failure) {
  string text = core::to_text(failure.kind);
  if (failure.scope != core::FailureScope::unknown)
    text += string(" (") + core::to_text(failure.scope) + ")";
  text += after_colon(failure.text);
  if (failure.retry_after.count() > 0)
    text += ", again after " + duration_text(failure.retry_after);
  return text;
}

string until_text(core::Instant until, const core::Event& event) {
  const core::Duration left = until - event.time.at;
  return left.count() > 0 ? duration_text(left) : "no time";
}

string market_place_text(const core::Place& place, const string& type, core::Market market) {
  string text = core::to_text(place);
  if (!type.empty()) text += " " + type;
  if (market == core::Market::spot) text += " spot";
  if (market == core::Market::on_demand) text += " on-demand";
  return text;
}

string replicas_text(const core::ReplicaPolicy& policy) {
  const std::uint32_t most = policy.upper_limit();
  if (most == policy.min_replicas) return count_text(most, "replica");
  string text = number(policy.min_replicas) + " to " + count_text(most, "replica");
  if (policy.target_qps_per_replica)
    text += ", " + rate_text(*policy.target_qps_per_replica) + " each";
  return text;
}

struct Sentence {
  const core::Event& event;

  string operator()(const core::UnknownEvent& e) const {
    return "written by a newer version (tag " + number(e.tag) + ")";
  }
  string operator()(const core::DaemonStarted& e) const {
    return "the daemon started: version " + e.version + ", start " + number(e.epoch) + " of log " +
           e.log_id;
  }
  string operator()(const core::DaemonStopped& e) const {
    return "the daemon stopped" + after_colon(e.reason);
  }
  string operator()(const core::LogTruncated& e) const {
    return "the log now begins at #" + number(e.first_kept.value) + "; the state is in snapshot #" +
           number(e.snapshot.value) + after_colon(e.reason);
  }
  string operator()(const core::SnapshotTaken& e) const {
    return "snapshot of #" + number(e.of.value) + " taken: " + count_text(e.bytes, "byte");
  }
  string operator()(const core::SnapshotRejected& e) const {
    return "snapshot of #" + number(e.of.value) + " was not used" + after_colon(e.reason);
  }
  string operator()(const core::LogRepaired& e) const {
    if (e.acknowledged)
      return "the log was repaired: everything after #" + number(e.last_kept.value) +
             " is lost, events up to #" + number(e.acknowledged.value) +
             " had been acknowledged; a person accepted that";
    return "the log was repaired: a torn group after #" + number(e.last_kept.value) +
           " was left out; nothing acknowledged was in it";
  }
  string operator()(const core::CommandReceived& e) const {
    return e.user + " said: " + e.command + (e.detail.empty() ? "" : " " + e.detail);
  }
  string operator()(const core::BalancerConnected& e) const {
    return "the endpoint process (pid " + std::to_string(e.pid) + ") is connected";
  }
  string operator()(const core::BalancerLost& e) const {
    return "the endpoint process is gone" + after_colon(e.reason);
  }

  string operator()(const core::ServiceRegistered& e) const {
    return "registered: " + replicas_text(e.spec.replicas) + ", " +
           count_text(e.offers.size(), "offer") + " fit, endpoint port " + number(e.endpoint_port) +
           (e.spec.sandbox.enabled ? ", SANDBOX" : "");
  }
  string operator()(const core::ServiceUpdated& e) const {
    const string mode = e.mode == core::UpdateMode::blue_green ? "blue-green" : "rolling";
    return version_text(e.version) + ": " + replicas_text(e.spec.replicas) +
           (e.replaces_replicas ? ", replicas are replaced (" + mode + ")"
                                : ", running replicas serve on");
  }
  string operator()(const core::VersionRolledBack& e) const {
    return version_text(e.failed) + " is given up, back to " + version_text(e.restored) +
           after_colon(e.reason);
  }
  string operator()(const core::EndpointAssigned& e) const {
    return "the endpoint moves to port " + number(e.port) + after_colon(e.reason);
  }
  string operator()(const core::EndpointOpened& e) const {
    return "the endpoint is open on " + e.host + ":" + number(e.port);
  }
  string operator()(const core::EndpointFailed& e) const {
    return "the endpoint could not open port " + number(e.port) + after_colon(e.text);
  }
  string operator()(const core::RemovalRequested&) const {
    return "is taken down: every replica ends";
  }
  string operator()(const core::ServiceRemoved&) const { return "is gone: no replica is left"; }

  string operator()(const core::ScaleEvaluated& e) const { return scale_text(e); }
  string operator()(const core::PlacementChosen& e) const;
  string operator()(const core::ZoneBlocked& e) const {
    return market_place_text(e.place, e.instance_type, e.market) + " is avoided for " +
           until_text(e.until, event) + ": " + failure_text(e.failure);
  }
  string operator()(const core::ZoneCleared& e) const {
    return market_place_text(e.place, e.instance_type, e.market) + " is open again" +
           after_colon(e.reason);
  }

  string operator()(const core::ReplicaPlanned& e) const {
    return string("planned in the ") + core::to_text(e.pool) + " pool, " + version_text(e.version) +
           after_colon(e.reason);
  }
  string operator()(const core::LaunchIntended& e) const {
    return "launch " + number(e.attempt) + ": " + offer_text(e.offer) +
           (e.paid_overflow ? ", PAID OVERFLOW: no free machine for a base replica" : "");
  }
  string operator()(const core::ProvisionSucceeded& e) const {
    return "launch " + number(e.attempt) + " succeeded: " + e.instance_id + " at " + e.host + ":" +
           number(e.port);
  }
  string operator()(const core::ProvisionFailed& e) const {
    return "launch " + number(e.attempt) + " failed: " + failure_text(e.failure);
  }
  string operator()(const core::ReplicaStarted&) const {
    return "setup is done, the server was started";
  }
  string operator()(const core::ProbeAnswered& e) const {
    const string status = e.http_status == 0 ? "no answer" : std::to_string(e.http_status);
    return string(e.ok ? "probe ok: " : "probe failed: ") + status + " after " +
           duration_text(e.latency) + (e.error.empty() ? "" : ", " + e.error);
  }
  string operator()(const core::ReplicaBecameReady&) const { return "is ready"; }
  string operator()(const core::ReplicaBecameNotReady& e) const {
    return "is not ready" + after_colon(e.reason);
  }
  string operator()(const core::DrainStarted& e) const {
    return string("drains (") + core::to_text(e.reason) + "): no new request, running ones have " +
           until_text(e.deadline, event);
  }
  string operator()(const core::ReplicaDrained&) const { return "drained: no request is left"; }
  string operator()(const core::TerminationIntended& e) const {
    return string("is terminated, will be ") + core::to_text(e.final_phase) + after_colon(e.reason);
  }
  string operator()(const core::TerminationSucceeded&) const { return "the machine is gone"; }
  string operator()(const core::TerminationFailed& e) const {
    return "could not be terminated: " + failure_text(e.failure);
  }
  string operator()(const core::ReplicaEnded& e) const {
    return string("ended as ") + core::to_text(e.final_phase) + after_colon(e.reason);
  }
  string operator()(const core::PreemptionNoticed& e) const {
    return "the cloud takes the machine in " + until_text(e.deadline, event) + after_colon(e.text);
  }
  string operator()(const core::ReplicaPreempted& e) const {
    return "the cloud took the machine" + after_colon(e.text);
  }
  string operator()(const core::InstanceLost& e) const {
    return (e.by_user_code ? "its program ended" : "the machine is gone without notice") +
           after_colon(e.text);
  }
  string operator()(const core::OrphanFound& e) const {
    return "a machine nobody remembers, " + e.instance_id + " in " + core::to_text(e.place) +
           (e.sandbox ? " (SANDBOX)" : "") + ", is terminated";
  }
  string operator()(const core::OrphanEnded& e) const { return e.instance_id + " is gone"; }

  string operator()(const core::TrafficSampled& e) const;
  string operator()(const core::ReplicaEjected& e) const {
    return "gets no request" + after_colon(e.reason);
  }
  string operator()(const core::ReplicaReadmitted&) const { return "gets requests again"; }
  string operator()(const core::RequestsHeld& e) const {
    return count_text(e.waiting, "request") + (e.waiting == 1 ? " waits" : " wait") +
           " for a ready replica";
  }
  string operator()(const core::RequestsShed& e) const {
    return count_text(e.count, "request") + " answered 503" + after_colon(e.reason);
  }

  string scale_text(const core::ScaleEvaluated& e) const;
};

// "4 QPS over 60 s needs 4", with what waits and what the limits made of it.
string signal_text(const core::ScaleEvaluated& e) {
  if (e.policy == "fixed") return "fixed";
  string text = rate_text(e.rate);
  if (e.window.count() > 0) text += " over " + duration_text(e.window);
  if (e.in_flight > 0) text += ", " + number(e.in_flight) + " in flight";
  if (e.held > 0) text += ", " + number(e.held) + " held";
  text += " needs " + number(e.wanted);
  if (e.wanted < e.lower_limit) text += " (at least " + number(e.lower_limit) + ")";
  if (e.wanted > e.upper_limit) text += " (at most " + number(e.upper_limit) + ")";
  return text;
}

string votes_text(const core::ScaleEvaluated& e) {
  if (e.votes_needed == 0) return "";
  return ", " + number(e.votes) + "% of the last " + duration_text(e.delay) + " agree, " +
         number(e.votes_needed) + "% needed";
}

string Sentence::scale_text(const core::ScaleEvaluated& e) const {
  const string before = number(e.target_before), after = number(e.target_after);
  const string why = e.reason.empty() ? signal_text(e) + votes_text(e) : e.reason;
  switch (e.verdict) {
    case core::ScaleVerdict::raised:
    case core::ScaleVerdict::lowered: return "target " + before + " -> " + after + ": " + why;
    case core::ScaleVerdict::waiting_to_raise:
    case core::ScaleVerdict::waiting_to_lower: return "target stays " + before + " for now: " + why;
    case core::ScaleVerdict::settled:
    case core::ScaleVerdict::unknown: break;
  }
  return "target stays " + after + ": " + why;
}

string Sentence::operator()(const core::PlacementChosen& e) const {
  string chosen;
  for (const core::Candidate& candidate : e.candidates)
    if (candidate.chosen)
      chosen += (chosen.empty() ? "" : " and ") + offer_text(candidate.offer) +
                (candidate.note.empty() ? "" : " (" + candidate.note + ")");
  return e.policy + " chose " + (chosen.empty() ? "nothing" : chosen) + " out of " +
         count_text(e.candidates.size(), "offer") + after_colon(e.reason);
}

string Sentence::operator()(const core::TrafficSampled& e) const {
  string text = number(e.arrivals) + " in, " + number(e.completions) + " done, " +
                number(e.failures) + " failed in " + duration_text(e.period) + "; " +
                number(e.in_flight) + " in flight";
  if (e.held > 0) text += ", " + number(e.held) + " held";
  if (e.retries > 0) text += ", " + number(e.retries) + " retried";
  if (e.latency_p50.count() > 0)
    text += "; p50 " + duration_text(e.latency_p50) + ", p90 " + duration_text(e.latency_p90) +
            ", p99 " + duration_text(e.latency_p99);
  return text;
}

}  // namespace

std::string sentence(const core::Event& event) { return std::visit(Sentence{event}, event.body); }

}  // namespace sky::projections
