// Wire form and core value: one event, its header and the union of bodies.
#include "events/wire.h"

namespace sky::events {
namespace {

using Body = wire::Event::Body;

struct BodyWriter {
  Body::Builder to;

  void operator()(const core::UnknownEvent&) { to.setUnknown(); }
  void operator()(const core::DaemonStarted& from) { write(to.initDaemonStarted(), from); }
  void operator()(const core::DaemonStopped& from) { write(to.initDaemonStopped(), from); }
  void operator()(const core::LogRepaired& from) { write(to.initLogRepaired(), from); }
  void operator()(const core::CommandReceived& from) { write(to.initCommandReceived(), from); }
  void operator()(const core::BalancerConnected& from) { write(to.initBalancerConnected(), from); }
  void operator()(const core::BalancerLost& from) { write(to.initBalancerLost(), from); }
  void operator()(const core::ServiceRegistered& from) { write(to.initServiceRegistered(), from); }
  void operator()(const core::ServiceUpdated& from) { write(to.initServiceUpdated(), from); }
  void operator()(const core::VersionRolledBack& from) { write(to.initVersionRolledBack(), from); }
  void operator()(const core::EndpointAssigned& from) { write(to.initEndpointAssigned(), from); }
  void operator()(const core::EndpointOpened& from) { write(to.initEndpointOpened(), from); }
  void operator()(const core::EndpointFailed& from) { write(to.initEndpointFailed(), from); }
  void operator()(const core::RemovalRequested&) { to.initRemovalRequested(); }
  void operator()(const core::ServiceRemoved&) { to.initServiceRemoved(); }
  void operator()(const core::ScaleEvaluated& from) { write(to.initScaleEvaluated(), from); }
  void operator()(const core::PlacementChosen& from) { write(to.initPlacementChosen(), from); }
  void operator()(const core::ZoneBlocked& from) { write(to.initZoneBlocked(), from); }
  void operator()(const core::ZoneCleared& from) { write(to.initZoneCleared(), from); }
  void operator()(const core::ReplicaPlanned& from) { write(to.initReplicaPlanned(), from); }
  void operator()(const core::LaunchIntended& from) { write(to.initLaunchIntended(), from); }
  void operator()(const core::ProvisionSucceeded& from) {
    write(to.initProvisionSucceeded(), from);
  }
  void operator()(const core::ProvisionFailed& from) { write(to.initProvisionFailed(), from); }
  void operator()(const core::ReplicaStarted&) { to.initReplicaStarted(); }
  void operator()(const core::ProbeAnswered& from) { write(to.initProbeAnswered(), from); }
  void operator()(const core::ReplicaBecameReady&) { to.initReplicaBecameReady(); }
  void operator()(const core::ReplicaBecameNotReady& from) {
    write(to.initReplicaBecameNotReady(), from);
  }
  void operator()(const core::DrainStarted& from) { write(to.initDrainStarted(), from); }
  void operator()(const core::ReplicaDrained&) { to.initReplicaDrained(); }
  void operator()(const core::TerminationIntended& from) {
    write(to.initTerminationIntended(), from);
  }
  void operator()(const core::TerminationSucceeded&) { to.initTerminationSucceeded(); }
  void operator()(const core::TerminationFailed& from) { write(to.initTerminationFailed(), from); }
  void operator()(const core::ReplicaEnded& from) { write(to.initReplicaEnded(), from); }
  void operator()(const core::PreemptionNoticed& from) { write(to.initPreemptionNoticed(), from); }
  void operator()(const core::ReplicaPreempted& from) { write(to.initReplicaPreempted(), from); }
  void operator()(const core::InstanceLost& from) { write(to.initInstanceLost(), from); }
  void operator()(const core::OrphanFound& from) { write(to.initOrphanFound(), from); }
  void operator()(const core::OrphanEnded& from) { write(to.initOrphanEnded(), from); }
  void operator()(const core::TrafficSampled& from) { write(to.initTrafficSampled(), from); }
  void operator()(const core::ReplicaEjected& from) { write(to.initReplicaEjected(), from); }
  void operator()(const core::ReplicaReadmitted&) { to.initReplicaReadmitted(); }
  void operator()(const core::RequestsHeld& from) { write(to.initRequestsHeld(), from); }
  void operator()(const core::RequestsShed& from) { write(to.initRequestsShed(), from); }
  void operator()(const core::LogTruncated& from) { write(to.initLogTruncated(), from); }
  void operator()(const core::SnapshotTaken& from) { write(to.initSnapshotTaken(), from); }
  void operator()(const core::SnapshotRejected& from) { write(to.initSnapshotRejected(), from); }
};

// The sample that was read before into the same event lends its buffer: every third event is one.
core::TrafficSampled& sample_in(core::EventBody& to) {
  auto* before = std::get_if<core::TrafficSampled>(&to);
  return before != nullptr ? *before : to.emplace<core::TrafficSampled>();
}

void read_replica_body(Body::Reader from, core::EventBody& to) {
  switch (from.which()) {
    case Body::REPLICA_PLANNED:
      return read(from.getReplicaPlanned(), to.emplace<core::ReplicaPlanned>());
    case Body::LAUNCH_INTENDED:
      return read(from.getLaunchIntended(), to.emplace<core::LaunchIntended>());
    case Body::PROVISION_SUCCEEDED:
      return read(from.getProvisionSucceeded(), to.emplace<core::ProvisionSucceeded>());
    case Body::PROVISION_FAILED:
      return read(from.getProvisionFailed(), to.emplace<core::ProvisionFailed>());
    case Body::REPLICA_STARTED: to.emplace<core::ReplicaStarted>(); return;
    case Body::PROBE_ANSWERED:
      return read(from.getProbeAnswered(), to.emplace<core::ProbeAnswered>());
    case Body::REPLICA_BECAME_READY: to.emplace<core::ReplicaBecameReady>(); return;
    case Body::REPLICA_BECAME_NOT_READY:
      return read(from.getReplicaBecameNotReady(), to.emplace<core::ReplicaBecameNotReady>());
    case Body::DRAIN_STARTED: return read(from.getDrainStarted(), to.emplace<core::DrainStarted>());
    case Body::REPLICA_DRAINED: to.emplace<core::ReplicaDrained>(); return;
    case Body::TERMINATION_INTENDED:
      return read(from.getTerminationIntended(), to.emplace<core::TerminationIntended>());
    case Body::TERMINATION_SUCCEEDED: to.emplace<core::TerminationSucceeded>(); return;
    case Body::TERMINATION_FAILED:
      return read(from.getTerminationFailed(), to.emplace<core::TerminationFailed>());
    case Body::REPLICA_ENDED: return read(from.getReplicaEnded(), to.emplace<core::ReplicaEnded>());
    case Body::PREEMPTION_NOTICED:
      return read(from.getPreemptionNoticed(), to.emplace<core::PreemptionNoticed>());
    case Body::REPLICA_PREEMPTED:
      return read(from.getReplicaPreempted(), to.emplace<core::ReplicaPreempted>());
    case Body::INSTANCE_LOST: return read(from.getInstanceLost(), to.emplace<core::InstanceLost>());
    case Body::ORPHAN_FOUND: return read(from.getOrphanFound(), to.emplace<core::OrphanFound>());
    case Body::ORPHAN_ENDED: return read(from.getOrphanEnded(), to.emplace<core::OrphanEnded>());
    case Body::TRAFFIC_SAMPLED: return read(from.getTrafficSampled(), sample_in(to));
    case Body::REPLICA_EJECTED:
      return read(from.getReplicaEjected(), to.emplace<core::ReplicaEjected>());
    case Body::REPLICA_READMITTED: to.emplace<core::ReplicaReadmitted>(); return;
    case Body::REQUESTS_HELD: return read(from.getRequestsHeld(), to.emplace<core::RequestsHeld>());
    case Body::REQUESTS_SHED: return read(from.getRequestsShed(), to.emplace<core::RequestsShed>());
    default: to.emplace<core::UnknownEvent>().tag = static_cast<std::uint16_t>(from.which());
  }
}

void read_body(Body::Reader from, core::EventBody& to) {
  switch (from.which()) {
    case Body::DAEMON_STARTED:
      return read(from.getDaemonStarted(), to.emplace<core::DaemonStarted>());
    case Body::DAEMON_STOPPED:
      return read(from.getDaemonStopped(), to.emplace<core::DaemonStopped>());
    case Body::LOG_REPAIRED: return read(from.getLogRepaired(), to.emplace<core::LogRepaired>());
    case Body::COMMAND_RECEIVED:
      return read(from.getCommandReceived(), to.emplace<core::CommandReceived>());
    case Body::BALANCER_CONNECTED:
      return read(from.getBalancerConnected(), to.emplace<core::BalancerConnected>());
    case Body::BALANCER_LOST: return read(from.getBalancerLost(), to.emplace<core::BalancerLost>());
    case Body::SERVICE_REGISTERED:
      return read(from.getServiceRegistered(), to.emplace<core::ServiceRegistered>());
    case Body::SERVICE_UPDATED:
      return read(from.getServiceUpdated(), to.emplace<core::ServiceUpdated>());
    case Body::VERSION_ROLLED_BACK:
      return read(from.getVersionRolledBack(), to.emplace<core::VersionRolledBack>());
    case Body::ENDPOINT_ASSIGNED:
      return read(from.getEndpointAssigned(), to.emplace<core::EndpointAssigned>());
    case Body::ENDPOINT_OPENED:
      return read(from.getEndpointOpened(), to.emplace<core::EndpointOpened>());
    case Body::ENDPOINT_FAILED:
      return read(from.getEndpointFailed(), to.emplace<core::EndpointFailed>());
    case Body::REMOVAL_REQUESTED: to.emplace<core::RemovalRequested>(); return;
    case Body::SERVICE_REMOVED: to.emplace<core::ServiceRemoved>(); return;
    case Body::SCALE_EVALUATED:
      return read(from.getScaleEvaluated(), to.emplace<core::ScaleEvaluated>());
    case Body::PLACEMENT_CHOSEN:
      return read(from.getPlacementChosen(), to.emplace<core::PlacementChosen>());
    case Body::ZONE_BLOCKED: return read(from.getZoneBlocked(), to.emplace<core::ZoneBlocked>());
    case Body::ZONE_CLEARED: return read(from.getZoneCleared(), to.emplace<core::ZoneCleared>());
    case Body::LOG_TRUNCATED: return read(from.getLogTruncated(), to.emplace<core::LogTruncated>());
    case Body::SNAPSHOT_TAKEN:
      return read(from.getSnapshotTaken(), to.emplace<core::SnapshotTaken>());
    case Body::SNAPSHOT_REJECTED:
      return read(from.getSnapshotRejected(), to.emplace<core::SnapshotRejected>());
    default: return read_replica_body(from, to);
  }
}

}  // namespace

void write(wire::Event::Builder to, const core::Event& from) {
  to.setAtUs(from.time.at.time_since_epoch().count());
  to.setWallUs(from.time.wall.time_since_epoch().count());
  to.setCause(from.cause.value);
  to.setActor(to_wire<wire::Actor>(from.actor));
  to.setReplica(from.replica.value);
  to.setService(as_text(from.service));
  std::visit(BodyWriter{to.getBody()}, from.body);
}

void read(wire::Event::Reader from, core::Event& to) {
  to.time.at = core::Instant(core::Duration(from.getAtUs()));
  to.time.wall = core::WallTime(core::Duration(from.getWallUs()));
  to.cause = core::Seq{from.getCause()};
  to.actor = known(from.getActor(), core::Actor::daemon);
  to.replica = core::ReplicaId{from.getReplica()};
  assign(to.service, from.getService());
  read_body(from.getBody(), to.body);
}

}  // namespace sky::events
