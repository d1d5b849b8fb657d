#include "projections/service_fold.h"

#include <algorithm>

#include "core/check.h"
#include "projections/replica_fold.h"
#include "projections/route_fold.h"

namespace sky::projections {
namespace {

using core::Phase;

// Wanted, with replicas left, or the newest that once worked: a failed update goes back to that.
void forget_old_versions(ServiceState& service) {
  std::set<core::Version> kept{service.version};
  for (const auto& [id, replica] : service.replicas) kept.insert(replica.version);
  for (auto one = service.versions.rbegin(); one != service.versions.rend(); ++one)
    if (one->second.ever_ready) {
      kept.insert(one->first);
      break;
    }
  std::erase_if(service.versions, [&](const auto& one) { return !kept.contains(one.first); });
}

struct ServiceFold {
  ServiceState& service;
  const core::Event& event;

  template <class Body>
  void operator()(const Body&) {}  // a replica's business, or nobody's

  void operator()(const core::ServiceRegistered& body) {
    service.name = event.service;
    service.registered = event.time;
    service.version = service.last_version = core::Version{1};
    VersionState& version = service.versions[service.version];
    version.spec = body.spec;
    version.offers = body.offers;
    version.since = event.time.at;
    service.endpoint_port = body.endpoint_port;
    service.endpoint = EndpointState::opening;
    service.target_since = event.time.at;
  }
  void operator()(const core::ServiceUpdated& body) {
    const core::Version before = service.version;
    VersionState next;
    if (!body.replaces_replicas) next = service.versions.at(before);
    next.cold_start = service.versions.at(before).cold_start;
    next.spec = body.spec;
    next.offers = body.offers;
    next.since = event.time.at;
    next.failures = next.unreplaced = 0;  // a person changed something: try again now
    next.retry_at = {};
    service.versions[body.version] = std::move(next);
    service.version = service.last_version = body.version;
    service.update_mode = body.mode;
    if (!body.replaces_replicas)
      for (auto& [id, replica] : service.replicas)
        if (replica.version == before) replica.version = body.version;
    forget_old_versions(service);
  }
  void operator()(const core::VersionRolledBack& body) {
    service.versions.at(body.failed).rolled_back = true;
    service.version = body.restored;
    service.update_mode = core::UpdateMode::rolling;
  }
  void operator()(const core::EndpointAssigned& body) {
    service.endpoint_port = body.port;
    service.endpoint = EndpointState::opening;
    service.endpoint_error.clear();
    ++service.port_changes;
  }
  void operator()(const core::EndpointOpened& body) {
    service.endpoint_host = body.host;
    service.endpoint_port = body.port;
    service.endpoint = EndpointState::open;
    service.endpoint_error.clear();
    service.port_changes = 0;
  }
  void operator()(const core::EndpointFailed& body) {
    service.endpoint = EndpointState::failed;
    service.endpoint_error = body.text;
  }
  void operator()(const core::RemovalRequested&) {
    service.removal_requested = true;
    service.removal_since = event.time.at;
  }

  void operator()(const core::ScaleEvaluated& body) {
    const bool is_first = service.evaluated_version == core::Version{};
    if (body.target_after != service.target || is_first) service.target_since = event.time.at;
    service.target = body.target_after;
    service.last_evaluation = body;
    service.evaluation_seq = event.seq;
    service.evaluated_version = service.version;
  }
  void operator()(const core::ReplicaPlanned& body) {
    SKY_CHECK(event.replica.value > service.last_replica_id, "replica ids never repeat");
    service.last_replica_id = event.replica.value;
    Replica& replica = service.replicas[event.replica];
    replica.id = event.replica;
    replica.version = body.version;
    replica.pool = body.pool;
    replica.reason = body.reason;
    replica.planned = replica.phase_since = event.time;
    const auto version = service.versions.find(body.version);
    if (version != service.versions.end() && event.time.at >= version->second.retry_at)
      version->second.unreplaced = 0;
  }
  void operator()(const core::TrafficSampled& body) {
    add_sample(service.load, body, event.time.at);
    trim(service.load, service.spec().replicas, event.time.at);
    service.load.newest = event.seq;
    for (auto& [id, replica] : service.replicas) replica.in_flight = 0;
    for (const core::ReplicaLoad& load : body.replicas) {
      const auto replica = service.replicas.find(load.replica);
      if (replica != service.replicas.end()) replica->second.in_flight = load.in_flight;
    }
  }
  void operator()(const core::RequestsHeld& body) {
    add_held(service.load, body.waiting, event.time.at);
    service.load.newest = event.seq;
  }
};

// Whether the event changed which replicas there should be: the cause of what is planned next.
struct ChangesFleet {
  template <class Body>
  bool operator()(const Body&) const {
    return false;
  }
  bool operator()(const core::ServiceRegistered&) const { return true; }
  bool operator()(const core::ServiceUpdated&) const { return true; }
  bool operator()(const core::VersionRolledBack&) const { return true; }
  bool operator()(const core::RemovalRequested&) const { return true; }
  bool operator()(const core::ScaleEvaluated& body) const {
    return body.target_after != body.target_before;
  }
  bool operator()(const core::ReplicaBecameReady&) const { return true; }
  bool operator()(const core::PreemptionNoticed&) const { return true; }
  bool operator()(const core::ReplicaPreempted&) const { return true; }
  bool operator()(const core::InstanceLost&) const { return true; }
  bool operator()(const core::ReplicaEnded& body) const {
    return core::is_failed(body.final_phase);
  }
  bool operator()(const core::TerminationIntended& body) const {
    return core::is_failed(body.final_phase);
  }
};

// Whether the stated availability is kept counts from the first replica that served.
void track_availability(ServiceState& service, core::Instant now) {
  if (!service.first_ready || !service.versions.contains(service.version)) return;
  const core::ReplicaPolicy& policy = service.spec().replicas;
  if (policy.placement != core::Placement::market || policy.market.availability_ppm == 0) return;
  core::track(service.slo, policy.market.availability_ppm, ready_count(service) < service.target,
              now);
}

}  // namespace

void fold_service(ServiceState& service, const core::Event& event) {
  std::visit(ServiceFold{service, event}, event.body);
  if (concerns_routes(event)) fold_route(service.route, event);
  if (std::visit(ChangesFleet{}, event.body)) service.fleet_cause = event.seq;
  const auto replica = service.replicas.find(event.replica);
  if (replica != service.replicas.end()) {
    fold_replica(service, replica->second, event);
    if (!service.replicas.contains(event.replica)) forget_old_versions(service);
  }
  track_availability(service, event.time.at);
}

void after_restart(ServiceState& service, core::Instant last_seen, core::Instant started) {
  const std::int64_t window = second_of(core::Instant(service.spec().replicas.qps_window)) + 1;
  mark_blind(service.load, second_of(last_seen), second_of(started) + window);
  for (auto& [id, replica] : service.replicas) {
    replica.ejected = false;
    if (replica.termination_open) replica.launch_open = false;
  }
}

}  // namespace sky::projections
