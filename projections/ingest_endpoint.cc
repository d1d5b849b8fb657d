#include <algorithm>

#include "projections/ingest.h"
#include "projections/open_intents.h"

namespace sky::projections {
namespace {

using core::Actor;
using core::EndpointChange;
using core::Phase;

bool is_empty(const core::TrafficSampled& sample) {
  return sample.arrivals == 0 && sample.completions == 0 && sample.failures == 0 &&
         sample.retries == 0 && sample.in_flight == 0 && sample.held == 0;
}

// The last sample may have left requests running; the empty one after it says they are done.
bool was_running(const ServiceState& service) {
  return !service.load.seconds.empty() &&
         (service.load.seconds.back().in_flight > 0 || service.load.seconds.back().held > 0);
}

std::string probe_text(const core::ProbeAnswered& answer) {
  if (!answer.error.empty()) return answer.error;
  return "HTTP " + std::to_string(answer.http_status);
}

}  // namespace

void ingest_probe(Recorder& recorder, Touched& touched, const core::ProbeReturned& input) {
  const Replica* replica = recorder.replica(input.service, input.replica);
  if (!replica || replica->host.empty()) return;
  const Phase phase = replica->phase;
  if (phase != Phase::starting && phase != Phase::ready && phase != Phase::not_ready) return;
  const bool was_failing = replica->failing_since.has_value();
  const core::Seq cause = recorder.record(
      {input.service, input.replica, replica->last_cause, Actor::probe}, input.answer);
  const About about{input.service, input.replica, cause};
  if (input.answer.ok && phase != Phase::ready)
    recorder.record(about, core::ReplicaBecameReady{});
  else if (!input.answer.ok && phase == Phase::ready)
    recorder.record(about, core::ReplicaBecameNotReady{probe_text(input.answer)});
  else if (input.answer.ok || was_failing)
    return;  // nothing changed: the timers stand
  touched.insert(input.service);
}

void ingest_endpoint(Recorder& recorder, Touched&, const core::BalancerHello& hello) {
  recorder.record({.actor = Actor::balancer}, core::BalancerConnected{hello.pid});
}

void ingest_endpoint(Recorder& recorder, Touched&, const core::BalancerGone& gone) {
  if (recorder.model().balancer_connected)
    recorder.record({.actor = Actor::balancer}, core::BalancerLost{gone.reason});
}

void ingest_endpoint(Recorder& recorder, Touched&, const core::EndpointReported& report) {
  const ServiceState* service = recorder.service(report.service);
  if (!service || report.port != service->endpoint_port) return;  // of an earlier port
  const About about{report.service, {}, {}, Actor::balancer};
  if (report.text.empty() && !report.in_use) {
    const bool is_known =
        service->endpoint == EndpointState::open && service->endpoint_host == report.host;
    if (!is_known) recorder.record(about, core::EndpointOpened{report.host, report.port});
    return;
  }
  const bool is_known =
      service->endpoint == EndpointState::failed && service->endpoint_error == report.text;
  const auto next = static_cast<std::uint16_t>(service->endpoint_port + 1);
  const auto port = free_port(recorder.model(), std::max(next, first_port));
  const bool may_move = report.in_use && port && service->port_changes < max_services;
  if (may_move)
    recorder.record(about, core::EndpointAssigned{*port, "port " + std::to_string(report.port) +
                                                             " belongs to another program"});
  else if (!is_known)
    recorder.record(about, core::EndpointFailed{report.port, report.text});
}

void ingest_endpoint(Recorder& recorder, Touched& touched, const core::TrafficReported& report) {
  const ServiceState* service = recorder.service(report.service);
  if (!service || (is_empty(report.sample) && !was_running(*service))) return;
  recorder.record({report.service, {}, {}, Actor::balancer}, report.sample);
  touched.insert(report.service);
}

void ingest_endpoint(Recorder& recorder, Touched& touched, const core::ReplicaReported& report) {
  const Replica* replica = recorder.replica(report.service, report.replica);
  if (!replica) return;
  const bool may_serve = replica->phase == Phase::ready || replica->phase == Phase::not_ready;
  About about{report.service, report.replica, {}, Actor::balancer};
  switch (report.change) {
    case EndpointChange::unknown: return;
    case EndpointChange::ejected:
      if (!may_serve || replica->ejected) return;
      recorder.record(about, core::ReplicaEjected{report.reason});
      recorder.order(core::ProbeNow{report.service, report.replica});
      return;
    case EndpointChange::readmitted:
      if (may_serve && replica->ejected) recorder.record(about, core::ReplicaReadmitted{});
      return;
    case EndpointChange::drained:
      if (replica->phase != Phase::draining || replica->drained) return;
      about.cause = replica->last_cause;
      recorder.record(about, core::ReplicaDrained{});
      touched.insert(report.service);
      return;
  }
}

void ingest_endpoint(Recorder& recorder, Touched& touched, const core::HoldReported& report) {
  if (!recorder.service(report.service)) return;
  const About about{report.service, {}, {}, Actor::balancer};
  if (report.waiting > 0) recorder.record(about, core::RequestsHeld{report.waiting});
  if (report.shed > 0) recorder.record(about, core::RequestsShed{report.shed, report.reason});
  touched.insert(report.service);
}

void ingest_start(Recorder& recorder, Touched& touched, const core::Started& start) {
  core::Seq cause;
  if (start.repaired_after) {
    core::LogRepaired repaired;
    repaired.last_kept = start.repaired_after;
    cause = recorder.record({.actor = Actor::daemon}, repaired);
  }
  recorder.record({.cause = cause, .actor = Actor::daemon},
                  core::DaemonStarted{start.log_id, start.version, start.epoch});
  for (core::Effect& call : open_intents(recorder.model())) recorder.order(std::move(call));
  for (const auto& [name, service] : recorder.model().services) touched.insert(name);
}

}  // namespace sky::projections
