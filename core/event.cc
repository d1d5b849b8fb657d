#include "core/event.h"

#include <array>

namespace sky::core {
namespace {

// In the order of EventBody.
constexpr std::array<const char*, std::variant_size_v<EventBody>> names = {
    "UnknownEvent",      "DaemonStarted",       "DaemonStopped",         "LogRepaired",
    "CommandReceived",   "BalancerConnected",   "BalancerLost",          "ServiceRegistered",
    "ServiceUpdated",    "VersionRolledBack",   "EndpointAssigned",      "EndpointOpened",
    "EndpointFailed",    "RemovalRequested",    "ServiceRemoved",        "ScaleEvaluated",
    "PlacementChosen",   "ZoneBlocked",         "ZoneCleared",           "ReplicaPlanned",
    "LaunchIntended",    "ProvisionSucceeded",  "ProvisionFailed",       "ReplicaStarted",
    "ProbeAnswered",     "ReplicaBecameReady",  "ReplicaBecameNotReady", "DrainStarted",
    "ReplicaDrained",    "TerminationIntended", "TerminationSucceeded",  "TerminationFailed",
    "ReplicaEnded",      "PreemptionNoticed",   "ReplicaPreempted",      "InstanceLost",
    "OrphanFound",       "OrphanEnded",         "TrafficSampled",        "ReplicaEjected",
    "ReplicaReadmitted", "RequestsHeld",        "RequestsShed",          "LogTruncated",
    "SnapshotTaken",     "SnapshotRejected",
};

}  // namespace

const char* type_name(const EventBody& body) { return names[body.index()]; }

const char* to_text(Actor actor) {
  switch (actor) {
    case Actor::unknown: break;
    case Actor::controller: return "controller";
    case Actor::user: return "user";
    case Actor::cloud: return "cloud";
    case Actor::probe: return "probe";
    case Actor::balancer: return "balancer";
    case Actor::daemon: return "daemon";
  }
  return "unknown";
}

const char* to_text(DrainReason reason) {
  switch (reason) {
    case DrainReason::unknown: break;
    case DrainReason::scale_down: return "scale_down";
    case DrainReason::preemption_notice: return "preemption_notice";
    case DrainReason::outdated: return "outdated";
    case DrainReason::removal: return "removal";
    case DrainReason::spot_returned: return "spot_returned";
    case DrainReason::failed: return "failed";
  }
  return "unknown";
}

const char* to_text(Pool pool) {
  switch (pool) {
    case Pool::unknown: break;
    case Pool::base: return "base";
    case Pool::burst: return "burst";
    case Pool::fallback: return "fallback";
  }
  return "unknown";
}

const char* to_text(ScaleVerdict verdict) {
  switch (verdict) {
    case ScaleVerdict::unknown: break;
    case ScaleVerdict::raised: return "raised";
    case ScaleVerdict::lowered: return "lowered";
    case ScaleVerdict::waiting_to_raise: return "waiting_to_raise";
    case ScaleVerdict::waiting_to_lower: return "waiting_to_lower";
    case ScaleVerdict::settled: return "settled";
  }
  return "unknown";
}

const char* to_text(Market market) {
  switch (market) {
    case Market::unknown: break;
    case Market::on_demand: return "on_demand";
    case Market::spot: return "spot";
  }
  return "unknown";
}

}  // namespace sky::core
