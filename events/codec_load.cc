// Wire form and core value: events about load, as the endpoint saw it.
#include "events/wire.h"

namespace sky::events {

void write(wire::ReplicaLoad::Builder to, const core::ReplicaLoad& from) {
  const auto& [replica, in_flight] = from;
  to.setReplica(replica.value);
  to.setInFlight(in_flight);
}

void read(wire::ReplicaLoad::Reader from, core::ReplicaLoad& to) {
  to.replica = core::ReplicaId{from.getReplica()};
  to.in_flight = from.getInFlight();
}

void write(wire::TrafficSampled::Builder to, const core::TrafficSampled& from) {
  const auto& [period, arrivals, completions, failures, retries, in_flight, held, latency_p50,
               latency_p90, latency_p99, replicas] = from;
  to.setPeriodUs(period.count());
  to.setArrivals(arrivals);
  to.setCompletions(completions);
  to.setFailures(failures);
  to.setRetries(retries);
  to.setInFlight(in_flight);
  to.setHeld(held);
  to.setLatencyP50Us(latency_p50.count());
  to.setLatencyP90Us(latency_p90.count());
  to.setLatencyP99Us(latency_p99.count());
  write_list(to.initReplicas(count(replicas)), replicas);
}

void read(wire::TrafficSampled::Reader from, core::TrafficSampled& to) {
  to.period = core::Duration(from.getPeriodUs());
  to.arrivals = from.getArrivals();
  to.completions = from.getCompletions();
  to.failures = from.getFailures();
  to.retries = from.getRetries();
  to.in_flight = from.getInFlight();
  to.held = from.getHeld();
  to.latency_p50 = core::Duration(from.getLatencyP50Us());
  to.latency_p90 = core::Duration(from.getLatencyP90Us());
  to.latency_p99 = core::Duration(from.getLatencyP99Us());
  read_list(from.getReplicas(), to.replicas);
}

void write(wire::ReplicaEjected::Builder to, const core::ReplicaEjected& from) {
  const auto& [reason] = from;
  to.setReason(as_text(reason));
}

void read(wire::ReplicaEjected::Reader from, core::ReplicaEjected& to) {
  assign(to.reason, from.getReason());
}

void write(wire::RequestsHeld::Builder to, const core::RequestsHeld& from) {
  const auto& [waiting] = from;
  to.setWaiting(waiting);
}

void read(wire::RequestsHeld::Reader from, core::RequestsHeld& to) {
  to.waiting = from.getWaiting();
}

void write(wire::RequestsShed::Builder to, const core::RequestsShed& from) {
  const auto& [count, reason] = from;
  to.setCount(count);
  to.setReason(as_text(reason));
}

void read(wire::RequestsShed::Reader from, core::RequestsShed& to) {
  to.count = from.getCount();
  assign(to.reason, from.getReason());
}

}  // namespace sky::events
