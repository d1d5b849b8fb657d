// The state of one service: its versions, replicas, load, zones and costs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "projections/replica.h"

namespace sky::projections {

struct VersionState {
  core::ServiceSpec spec;
  std::vector<core::Offer> offers;
  core::Instant since;
  bool ever_ready = false;   // a replica of it once was ready for the bake time
  bool rolled_back = false;
  bool operator==(const VersionState&) const = default;
};

enum class EndpointState : std::uint8_t { closed, opening, open, failed };

// The words of the status table.
enum class ServiceStatus : std::uint8_t { replica_init, ready, not_ready, failed, no_replica, shutting_down };

struct ServiceState {
  core::ServiceName name;
  core::Stamp registered;
  core::Version version;                                // the wanted one
  std::map<core::Version, VersionState> versions;       // wanted, and those with replicas left
  std::map<core::ReplicaId, Replica> replicas;          // live and failed; terminated ones leave
  std::uint32_t last_replica_id = 0;
  std::uint16_t endpoint_port = 0;
  std::string endpoint_host;
  EndpointState endpoint = EndpointState::closed;
  std::string endpoint_error;
  std::optional<core::Stamp> first_ready;               // UPTIME counts from here
  std::uint32_t target = 0;                             // replicas wanted, without overprovisioning
  core::ScaleEvaluated last_evaluation;
  bool removal_requested = false;
  bool operator==(const ServiceState&) const = default;

  const core::ServiceSpec& spec() const { return versions.at(version).spec; }
};

ServiceStatus status_of(const ServiceState& service);
const char* to_text(ServiceStatus status);     // "REPLICA_INIT", "NO_REPLICA", ...
std::uint32_t ready_count(const ServiceState& service);

}  // namespace sky::projections
