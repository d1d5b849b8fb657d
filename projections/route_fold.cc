#include "projections/route_fold.h"

#include <algorithm>

namespace sky::projections {
namespace {

using core::RouteState;

// From a launch to its readiness, for Retry-After. A guess: small machines take half of it.
constexpr core::Duration usual_start = core::seconds(60);

struct RouteFold {
  core::RoutedService& service;
  const core::Event& event;

  core::Route* route() {
    const auto found = service.routes.find(event.replica);
    return found == service.routes.end() ? nullptr : &found->second;
  }
  void remove() { service.routes.erase(event.replica); }

  void take(const core::ServiceSpec& spec, core::Version version) {
    service.balancer = spec.balancer;
    service.target_qps_per_accelerator = spec.replicas.target_qps_per_accelerator;
    service.version = version;
  }
  void release() {
    service.held_back = {};
    for (auto& [id, one] : service.routes)
      if (one.state == RouteState::waiting) one.state = RouteState::ready;
  }
  void release_when_alone() {
    if (!service.held_back) return;
    const bool is_alone =
        std::none_of(service.routes.begin(), service.routes.end(), [&](const auto& one) {
          return one.second.version != service.held_back && !one.second.host.empty();
        });
    if (is_alone) release();
  }

  template <class Body>
  void operator()(const Body&) {}  // changes no route

  void operator()(const core::ServiceRegistered& body) {
    service.name = event.service;
    service.port = body.endpoint_port;
    take(body.spec, core::Version{1});
  }
  void operator()(const core::ServiceUpdated& body) {
    if (!body.replaces_replicas)
      for (auto& [id, one] : service.routes)
        if (one.version == service.version) one.version = body.version;
    take(body.spec, body.version);
    release();
    if (body.replaces_replicas && body.mode == core::UpdateMode::blue_green)
      service.held_back = body.version;
  }
  void operator()(const core::VersionRolledBack& body) {
    service.version = body.restored;
    service.balancer = body.balancer;
    service.target_qps_per_accelerator = body.target_qps_per_accelerator;
    release();
  }
  void operator()(const core::EndpointAssigned& body) { service.port = body.port; }

  void operator()(const core::ReplicaPlanned& body) {
    core::Route& planned = service.routes[event.replica];
    planned.replica = event.replica;
    planned.version = body.version;
  }
  void operator()(const core::LaunchIntended& body) {
    if (!route()) return;
    route()->accelerator = body.offer.accelerator.name;
    const bool is_any_ready =
        std::any_of(service.routes.begin(), service.routes.end(),
                    [](const auto& one) { return one.second.state == RouteState::ready; });
    if (!is_any_ready) service.next_ready = event.time.wall + usual_start;
  }
  void operator()(const core::ProvisionSucceeded& body) {
    if (!route()) return;
    route()->host = body.host;
    route()->port = body.port;
  }
  void operator()(const core::ReplicaBecameReady&) {
    if (!route()) return;
    const bool waits = service.held_back && route()->version == service.held_back;
    route()->state = waits ? RouteState::waiting : RouteState::ready;
    service.next_ready = {};
  }
  void operator()(const core::ReplicaBecameNotReady&) {
    if (route()) route()->state = RouteState::unknown;
  }
  void operator()(const core::DrainStarted& body) {
    if (body.reason == core::DrainReason::outdated) release();
    if (!route()) return;
    route()->state = RouteState::draining;
    route()->drain_deadline = event.time.wall + (body.deadline - event.time.at);
  }
  void operator()(const core::TerminationIntended&) { remove(); }
  void operator()(const core::TerminationSucceeded&) { remove(); }
  void operator()(const core::ReplicaEnded&) { remove(); }
  void operator()(const core::ReplicaPreempted&) { remove(); }
  void operator()(const core::InstanceLost&) { remove(); }
};

}  // namespace

bool concerns_routes(const core::Event& event) {
  return !std::holds_alternative<core::ProbeAnswered>(event.body) &&
         !std::holds_alternative<core::TrafficSampled>(event.body) && !event.service.empty();
}

void fold_route(core::RoutedService& service, const core::Event& event) {
  RouteFold fold{service, event};
  std::visit(fold, event.body);
  fold.release_when_alone();
}

}  // namespace sky::projections
