// Wire form and core value: what a balancer tells the daemon.
#include "events/wire_report.h"

namespace sky::events {

void write(wire::BalancerHello::Builder to, const core::BalancerHello& from) {
  const auto& [pid] = from;
  to.setPid(pid);
}

void read(wire::BalancerHello::Reader from, core::BalancerHello& to) { to.pid = from.getPid(); }

void write(wire::EndpointReported::Builder to, const core::EndpointReported& from) {
  const auto& [service, host, port, in_use, text] = from;
  to.setService(as_text(service));
  to.setHost(as_text(host));
  to.setPort(port);
  to.setInUse(in_use);
  to.setText(as_text(text));
}

void read(wire::EndpointReported::Reader from, core::EndpointReported& to) {
  assign(to.service, from.getService());
  assign(to.host, from.getHost());
  to.port = from.getPort();
  to.in_use = from.getInUse();
  assign(to.text, from.getText());
}

void write(wire::TrafficReported::Builder to, const core::TrafficReported& from) {
  const auto& [service, sample] = from;
  to.setService(as_text(service));
  write(to.initSample(), sample);
}

void read(wire::TrafficReported::Reader from, core::TrafficReported& to) {
  assign(to.service, from.getService());
  read(from.getSample(), to.sample);
}

void write(wire::ReplicaReported::Builder to, const core::ReplicaReported& from) {
  const auto& [service, replica, change, reason] = from;
  to.setService(as_text(service));
  to.setReplica(replica.value);
  to.setChange(to_wire<wire::EndpointChange>(change));
  to.setReason(as_text(reason));
}

void read(wire::ReplicaReported::Reader from, core::ReplicaReported& to) {
  assign(to.service, from.getService());
  to.replica = core::ReplicaId{from.getReplica()};
  to.change = known(from.getChange(), core::EndpointChange::drained);
  assign(to.reason, from.getReason());
}

void write(wire::HoldReported::Builder to, const core::HoldReported& from) {
  const auto& [service, waiting, shed, reason] = from;
  to.setService(as_text(service));
  to.setWaiting(waiting);
  to.setShed(shed);
  to.setReason(as_text(reason));
}

void read(wire::HoldReported::Reader from, core::HoldReported& to) {
  assign(to.service, from.getService());
  to.waiting = from.getWaiting();
  to.shed = from.getShed();
  assign(to.reason, from.getReason());
}

}  // namespace sky::events
