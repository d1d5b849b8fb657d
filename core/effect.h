// What the outside world should now do. Values; they start only when the events of the same step
// are durable, and each ends in an Input.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/event.h"

namespace sky::core {

// Idempotent: the same token never makes a second machine. -> LaunchAnswered
struct LaunchInstance {
  ServiceName service;
  ReplicaId replica;
  std::uint32_t attempt = 0;
  Version version;
  std::string token;  // core/token.h
  Offer offer;
  ServiceSpec spec;  // of `version`
  bool operator==(const LaunchInstance&) const = default;
};
// Idempotent; a machine that is gone already is a success. -> TerminateAnswered
struct TerminateInstance {
  ServiceName service;
  ReplicaId replica;
  std::uint32_t attempt = 0;
  std::string token;
  Offer offer;
  bool sandbox = false;
  bool operator==(const TerminateInstance&) const = default;
};
// List everything tagged with our log id, in every cloud. -> InstancesListed per cloud
struct SweepInstances {
  bool operator==(const SweepInstances&) const = default;
};
// -> OrphanTerminated
struct TerminateOrphan {
  std::string instance_id;
  Place place;
  bool sandbox = false;
  bool operator==(const TerminateOrphan&) const = default;
};
// Ask at once instead of at the next interval. -> ProbeReturned
struct ProbeNow {
  ServiceName service;
  ReplicaId replica;
  bool operator==(const ProbeNow&) const = default;
};
// Sandbox only: the cloud shall reclaim this machine, with its usual notice. -> InstanceChanged
struct PreemptInstance {
  ServiceName service;
  ReplicaId replica;
  std::uint32_t attempt = 0;
  std::string token;
  Offer offer;
  bool operator==(const PreemptInstance&) const = default;
};

using Effect = std::variant<LaunchInstance, TerminateInstance, SweepInstances, TerminateOrphan,
                            ProbeNow, PreemptInstance>;

}  // namespace sky::core
