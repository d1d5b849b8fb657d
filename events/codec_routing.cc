// Wire form and core value: what a balancer needs to know.
#include "events/wire.h"

namespace sky::events {

void write(wire::Route::Builder to, const core::Route& from) {
  const auto& [replica, host, port, state, version, accelerator, drain_deadline] = from;
  to.setReplica(replica.value);
  to.setHost(as_text(host));
  to.setPort(port);
  to.setState(to_wire<wire::RouteState>(state));
  to.setVersion(version.value);
  to.setAccelerator(as_text(accelerator));
  to.setDrainDeadlineUs(drain_deadline.time_since_epoch().count());
}

void read(wire::Route::Reader from, core::Route& to) {
  to.replica = core::ReplicaId{from.getReplica()};
  assign(to.host, from.getHost());
  to.port = from.getPort();
  to.state = known(from.getState(), core::RouteState::waiting);
  to.version = core::Version{from.getVersion()};
  assign(to.accelerator, from.getAccelerator());
  to.drain_deadline = core::WallTime(core::Duration(from.getDrainDeadlineUs()));
}

void write(wire::RoutedService::Builder to, const core::RoutedService& from) {
  const auto& [name, port, balancer, target_qps_per_accelerator, routes, next_ready, version,
               held_back] = from;
  to.setName(as_text(name));
  to.setPort(port);
  write(to.initBalancer(), balancer);
  write_rates(to.initTargetQpsPerAccelerator(count(target_qps_per_accelerator)),
              target_qps_per_accelerator);
  write_map(to.initRoutes(count(routes)), routes);
  to.setNextReadyUs(next_ready.time_since_epoch().count());
  to.setVersion(version.value);
  to.setHeldBack(held_back.value);
}

void read(wire::RoutedService::Reader from, core::RoutedService& to) {
  assign(to.name, from.getName());
  to.port = from.getPort();
  read(from.getBalancer(), to.balancer);
  read_rates(from.getTargetQpsPerAccelerator(), to.target_qps_per_accelerator);
  read_map(from.getRoutes(), to.routes, &core::Route::replica);
  to.next_ready = core::WallTime(core::Duration(from.getNextReadyUs()));
  to.version = core::Version{from.getVersion()};
  to.held_back = core::Version{from.getHeldBack()};
}

void write(wire::RoutingSnapshot::Builder to, const core::RoutingSnapshot& from) {
  const auto& [seq, services] = from;
  to.setSeq(seq.value);
  write_map(to.initServices(count(services)), services);
}

void read(wire::RoutingSnapshot::Reader from, core::RoutingSnapshot& to) {
  to.seq = core::Seq{from.getSeq()};
  read_map(from.getServices(), to.services, &core::RoutedService::name);
}

}  // namespace sky::events
