#include "cli/event_body_json.h"

#include <variant>

namespace sky::cli {
namespace {

using adapters::JsonWriter;

std::int64_t us(core::Duration duration) { return duration.count(); }
std::int64_t us(core::Instant instant) { return instant.time_since_epoch().count(); }

void write_place(JsonWriter& json, const core::Place& place) {
  json.begin_object()
      .member("cloud", place.cloud)
      .member("region", place.region)
      .member("zone", place.zone)
      .end_object();
}

void write_failure(JsonWriter& json, const core::Failure& failure) {
  json.key("failure")
      .begin_object()
      .member("kind", core::to_text(failure.kind))
      .member("scope", core::to_text(failure.scope))
      .member("text", failure.text)
      .member("retry_after_us", us(failure.retry_after))
      .end_object();
}

void write_offers(JsonWriter& json, const std::vector<core::Offer>& offers) {
  json.key("offers").begin_array();
  for (const core::Offer& offer : offers) write_offer(json, offer);
  json.end_array();
}

// Writes the members; the braces are the caller's.
struct Members {
  JsonWriter& json;

  void operator()(const core::UnknownEvent& e) const { json.member("tag", std::uint32_t{e.tag}); }
  void operator()(const core::DaemonStarted& e) const {
    json.member("log_id", e.log_id).member("version", e.version).member("epoch", e.epoch);
  }
  void operator()(const core::DaemonStopped& e) const { json.member("reason", e.reason); }
  void operator()(const core::LogTruncated& e) const {
    json.member("first_kept", e.first_kept.value).member("snapshot", e.snapshot.value);
    json.member("reason", e.reason);
  }
  void operator()(const core::SnapshotTaken& e) const {
    json.member("of", e.of.value).member("state_hash", e.state_hash).member("bytes", e.bytes);
  }
  void operator()(const core::SnapshotRejected& e) const {
    json.member("of", e.of.value).member("reason", e.reason);
  }
  void operator()(const core::LogRepaired& e) const {
    json.member("last_kept", e.last_kept.value).member("acknowledged", e.acknowledged.value);
  }
  void operator()(const core::CommandReceived& e) const {
    json.member("command", e.command).member("user", e.user).member("detail", e.detail);
    json.member("request", e.request);
  }
  void operator()(const core::BalancerConnected& e) const { json.member("pid", e.pid); }
  void operator()(const core::BalancerLost& e) const { json.member("reason", e.reason); }

  void operator()(const core::ServiceRegistered& e) const {
    json.member("endpoint_port", std::uint32_t{e.endpoint_port}).key("spec");
    write_spec(json, e.spec);
    write_offers(json, e.offers);
  }
  void operator()(const core::ServiceUpdated& e) const {
    json.member("version", e.version.value)
        .member("mode", e.mode == core::UpdateMode::blue_green ? "blue_green" : "rolling")
        .member("replaces_replicas", e.replaces_replicas)
        .key("spec");
    write_spec(json, e.spec);
    write_offers(json, e.offers);
  }
  void operator()(const core::VersionRolledBack& e) const {
    json.member("failed", e.failed.value)
        .member("restored", e.restored.value)
        .member("reason", e.reason);
  }
  void operator()(const core::EndpointAssigned& e) const {
    json.member("port", std::uint32_t{e.port}).member("reason", e.reason);
  }
  void operator()(const core::EndpointOpened& e) const {
    json.member("host", e.host).member("port", std::uint32_t{e.port});
  }
  void operator()(const core::EndpointFailed& e) const {
    json.member("port", std::uint32_t{e.port}).member("text", e.text);
  }
  void operator()(const core::RemovalRequested&) const {}
  void operator()(const core::ServiceRemoved&) const {}

  void operator()(const core::ScaleEvaluated& e) const {
    json.member("policy", e.policy)
        .member("window_us", us(e.window))
        .member("rate_milli_rps", e.rate.value)
        .member("in_flight", e.in_flight)
        .member("held", e.held)
        .member("wanted", e.wanted)
        .member("lower_limit", e.lower_limit)
        .member("upper_limit", e.upper_limit)
        .member("target_before", e.target_before)
        .member("target_after", e.target_after)
        .member("votes", e.votes)
        .member("votes_needed", e.votes_needed)
        .member("delay_us", us(e.delay))
        .member("verdict", core::to_text(e.verdict))
        .member("reason", e.reason);
  }
  void operator()(const core::PlacementChosen& e) const {
    json.member("policy", e.policy)
        .member("reason", e.reason)
        .member("plan_cost_micro", e.plan_cost)
        .member("plan_risk_micro", e.plan_risk)
        .key("candidates")
        .begin_array();
    for (const core::Candidate& candidate : e.candidates) {
      json.begin_object()
          .member("score", candidate.score)
          .member("note", candidate.note)
          .member("chosen", candidate.chosen)
          .member("up_us", us(candidate.up))
          .member("hazard_micro_per_hour", candidate.hazard_micro)
          .key("offer");
      write_offer(json, candidate.offer);
      json.end_object();
    }
    json.end_array();
  }
  void operator()(const core::ZoneBlocked& e) const {
    json.key("place");
    write_place(json, e.place);
    json.member("instance_type", e.instance_type)
        .member("market", core::to_text(e.market))
        .member("until_us", us(e.until));
    write_failure(json, e.failure);
  }
  void operator()(const core::ZoneCleared& e) const {
    json.key("place");
    write_place(json, e.place);
    json.member("instance_type", e.instance_type)
        .member("market", core::to_text(e.market))
        .member("reason", e.reason);
  }

  void operator()(const core::ReplicaPlanned& e) const {
    json.member("version", e.version.value)
        .member("pool", core::to_text(e.pool))
        .member("reason", e.reason);
  }
  void operator()(const core::LaunchIntended& e) const {
    json.member("attempt", e.attempt).member("paid_overflow", e.paid_overflow).key("offer");
    write_offer(json, e.offer);
  }
  void operator()(const core::ProvisionSucceeded& e) const {
    json.member("attempt", e.attempt)
        .member("instance_id", e.instance_id)
        .member("host", e.host)
        .member("port", std::uint32_t{e.port});
  }
  void operator()(const core::ProvisionFailed& e) const {
    json.member("attempt", e.attempt);
    write_failure(json, e.failure);
  }
  void operator()(const core::ReplicaStarted&) const {}
  void operator()(const core::ProbeAnswered& e) const {
    json.member("http_status", e.http_status)
        .member("latency_us", us(e.latency))
        .member("error", e.error)
        .member("ok", e.ok);
  }
  void operator()(const core::ReplicaBecameReady&) const {}
  void operator()(const core::ReplicaBecameNotReady& e) const { json.member("reason", e.reason); }
  void operator()(const core::DrainStarted& e) const {
    json.member("reason", core::to_text(e.reason)).member("deadline_us", us(e.deadline));
  }
  void operator()(const core::ReplicaDrained&) const {}
  void operator()(const core::TerminationIntended& e) const {
    json.member("final_phase", core::to_text(e.final_phase)).member("reason", e.reason);
  }
  void operator()(const core::TerminationSucceeded&) const {}
  void operator()(const core::TerminationFailed& e) const { write_failure(json, e.failure); }
  void operator()(const core::ReplicaEnded& e) const {
    json.member("final_phase", core::to_text(e.final_phase)).member("reason", e.reason);
  }
  void operator()(const core::PreemptionNoticed& e) const {
    json.member("deadline_us", us(e.deadline)).member("text", e.text);
  }
  void operator()(const core::ReplicaPreempted& e) const { json.member("text", e.text); }
  void operator()(const core::InstanceLost& e) const {
    json.member("text", e.text).member("by_user_code", e.by_user_code);
  }
  void operator()(const core::OrphanFound& e) const {
    json.member("instance_id", e.instance_id).member("sandbox", e.sandbox).key("place");
    write_place(json, e.place);
  }
  void operator()(const core::OrphanEnded& e) const { json.member("instance_id", e.instance_id); }

  void operator()(const core::TrafficSampled& e) const {
    json.member("period_us", us(e.period))
        .member("arrivals", e.arrivals)
        .member("completions", e.completions)
        .member("failures", e.failures)
        .member("retries", e.retries)
        .member("in_flight", e.in_flight)
        .member("held", e.held)
        .member("latency_p50_us", us(e.latency_p50))
        .member("latency_p90_us", us(e.latency_p90))
        .member("latency_p99_us", us(e.latency_p99))
        .key("replicas")
        .begin_array();
    for (const core::ReplicaLoad& load : e.replicas)
      json.begin_object()
          .member("replica", load.replica.value)
          .member("in_flight", load.in_flight)
          .end_object();
    json.end_array();
  }
  void operator()(const core::ReplicaEjected& e) const { json.member("reason", e.reason); }
  void operator()(const core::ReplicaReadmitted&) const {}
  void operator()(const core::RequestsHeld& e) const { json.member("waiting", e.waiting); }
  void operator()(const core::RequestsShed& e) const {
    json.member("count", e.count).member("reason", e.reason);
  }
};

}  // namespace

void write_offer(JsonWriter& json, const core::Offer& offer) {
  json.begin_object()
      .member("cloud", offer.place.cloud)
      .member("region", offer.place.region)
      .member("zone", offer.place.zone)
      .member("instance_type", offer.instance_type)
      .member("market", core::to_text(offer.market))
      .member("accelerator", offer.accelerator.name)
      .member("accelerator_count", offer.accelerator.count)
      .member("vcpus", offer.vcpus)
      .member("memory_mib", offer.memory_mib)
      .member("usd_per_hour", offer.price.usd_per_hour())
      .member("on_demand_usd_per_hour", offer.on_demand_price.usd_per_hour())
      .end_object();
}

void write_offer(JsonWriter& json, const std::optional<core::Offer>& offer) {
  if (offer)
    write_offer(json, *offer);
  else
    json.null();
}

void write_body(JsonWriter& json, const core::EventBody& body) {
  json.begin_object();
  std::visit(Members{json}, body);
  json.end_object();
}

}  // namespace sky::cli
