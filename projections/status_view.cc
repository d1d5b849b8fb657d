#include "projections/status_view.h"

#include <algorithm>
#include <set>

#include "projections/load_history.h"
#include "projections/timeline.h"
#include "projections/wording.h"

namespace sky::projections {
namespace {

core::Duration since(core::Instant then, core::Instant now) {
  return std::max(core::Duration(0), now - then);
}

core::Money running_cost(const Replica& replica, core::Instant now) {
  core::Money cost = replica.cost;
  if (replica.billed_since)
    cost += replica.offer.price.for_duration(since(*replica.billed_since, now));
  return cost;
}

ReplicaRow replica_row(const ServiceState& service, const Replica& replica, core::Instant now) {
  ReplicaRow row;
  row.service = service.name;
  row.id = replica.id;
  row.version = replica.version;
  row.host = replica.host;
  row.port = replica.port;
  if (replica.launched) row.launched = since(replica.launched->at, now);
  if (replica.attempt > 0) row.offer = replica.offer;
  row.pool = replica.pool;
  row.paid_overflow = replica.paid_overflow;
  row.phase = replica.phase;
  row.in_phase = since(replica.phase_since.at, now);
  row.reason = replica.reason;
  if (replica.notice_deadline && !core::is_terminal(replica.phase))
    row.notice_left = since(now, *replica.notice_deadline);
  row.cost = running_cost(replica, now);
  row.in_flight = replica.in_flight;
  row.last_http_status = replica.last_http_status;
  row.ejected = replica.ejected;
  row.sandbox = service.spec().sandbox.enabled;
  return row;
}

// A version whose replicas fail by themselves, or an endpoint that cannot open.
std::string failure_of(const ServiceState& service, core::Instant now) {
  if (service.endpoint == EndpointState::failed)
    return "the endpoint is closed: " + service.endpoint_error;
  const VersionState& version = service.versions.at(service.version);
  if (version.failures == 0) return "";
  std::string text = count_text(version.failures, "replica") + " of version " +
                     std::to_string(service.version.value) + " failed";
  if (!version.failure_text.empty()) text += ": " + version.failure_text;
  if (version.unreplaced > 0 && version.retry_at > now)
    text += "; next try in " + duration_text(version.retry_at - now);
  return text;
}

std::string decision_of(const ServiceState& service) {
  if (service.removal_requested) return "is being taken down";
  if (!service.evaluation_seq) return "";
  core::Event event;
  event.body = service.last_evaluation;
  return sentence(event);
}

ServiceRow service_row(const ServiceState& service, core::Instant now) {
  ServiceRow row;
  const core::ServiceSpec& spec = service.spec();
  row.name = service.name;
  row.wanted = service.version;
  std::set<core::Version> serving;
  for (const auto& [id, replica] : service.replicas) {
    if (replica.phase == core::Phase::ready) serving.insert(replica.version);
    if (core::is_live(replica.phase)) ++row.live;
  }
  row.serving.assign(serving.begin(), serving.end());
  if (service.first_ready) row.uptime = since(service.first_ready->at, now);
  row.status = status_of(service);
  row.ready = ready_count(service);
  if (service.endpoint == EndpointState::open)
    row.endpoint = service.endpoint_host + ":" + std::to_string(service.endpoint_port);
  row.sandbox = spec.sandbox.enabled;
  row.target = service.target;
  row.overprovisioned = spec.replicas.num_overprovision;
  const auto load = loads_at(service.load, spec.replicas.qps_window, second_of(now), 1).front();
  row.rate = core::rate_of(load.arrivals, spec.replicas.qps_window);
  row.in_flight = load.in_flight;
  row.held = load.held;
  row.cost = cost_of(service, now);
  row.reason = failure_of(service, now);
  row.failing = !row.reason.empty();
  if (!row.failing) row.reason = decision_of(service);
  return row;
}

}  // namespace

StatusView status_view(const Model& model, const core::Stamp& now,
                       const core::ServiceName& service) {
  StatusView view;
  const core::Instant at = std::max(now.at, model.now);
  for (const auto& [name, state] : model.services) {
    if (!service.empty() && name != service) continue;
    view.services.push_back(service_row(state, at));
    for (const auto& [id, replica] : state.replicas)
      view.replicas.push_back(replica_row(state, replica, at));
  }
  return view;
}

}  // namespace sky::projections
