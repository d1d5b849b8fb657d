// The state of one service: its versions, replicas, load, zones and costs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/policies/slo_tracking.h"
#include "core/routing.h"
#include "projections/costs.h"
#include "projections/load_history.h"
#include "projections/market_fleet.h"
#include "projections/replica.h"
#include "projections/scratch.h"

namespace sky::projections {

struct VersionState {
  core::ServiceSpec spec;
  std::vector<core::Offer> offers;
  core::Instant since;
  bool ever_ready = false;  // a replica of it once was ready for the bake time
  bool rolled_back = false;
  std::uint32_t failures = 0;  // rounds of replicas that failed by themselves; a baked one resets
  std::uint32_t unreplaced = 0;  // of these, the ones not replaced yet: they wait for retry_at
  core::Instant retry_at;
  core::Seq failure_seq;  // the newest such failure
  std::string failure_text;
  std::optional<core::Duration> cold_start;  // how long replicas took to serve, newest first
  bool operator==(const VersionState&) const = default;
};

enum class EndpointState : std::uint8_t { closed, opening, open, failed };

// The words of the status table.
enum class ServiceStatus : std::uint8_t {
  replica_init,
  ready,
  not_ready,
  failed,
  no_replica,
  shutting_down
};

struct ServiceState {
  core::ServiceName name;
  core::Stamp registered;
  core::Version version;  // the wanted one
  std::map<core::Version, VersionState> versions;  // wanted, and those with replicas left
  std::map<core::ReplicaId, Replica> replicas;  // live and failed; terminated ones leave
  std::uint32_t last_replica_id = 0;
  std::uint16_t endpoint_port = 0;
  std::string endpoint_host;
  EndpointState endpoint = EndpointState::closed;
  std::string endpoint_error;
  std::optional<core::Stamp> first_ready;  // UPTIME counts from here
  std::uint32_t target = 0;  // replicas wanted, without overprovisioning
  core::ScaleEvaluated last_evaluation;
  bool removal_requested = false;
  core::Instant removal_since;
  core::Version last_version;  // the highest ever given
  core::UpdateMode update_mode = core::UpdateMode::rolling;
  core::Version evaluated_version;  // of the newest scale evaluation
  core::Instant target_since;  // votes count from here
  core::Seq evaluation_seq;  // newest ScaleEvaluated
  core::Seq fleet_cause;  // newest event that changed which replicas there should be
  std::uint32_t port_changes = 0;  // endpoint ports tried since the last success
  LoadHistory load;
  Ledger ledger;  // of replicas that left the table
  std::set<core::Place> preempting;  // SpotHedge's zones to leave alone
  core::SloDebt slo;  // where an availability is stated
  core::RoutedService route;  // what the balancer folds, too
  Scratch<std::optional<core::Instant>> wake_at;  // step's note; no part of the state
  Scratch<std::optional<MarketFleet>> planned;  // and what it planned for the fleet this time
  bool operator==(const ServiceState&) const = default;

  const core::ServiceSpec& spec() const { return versions.at(version).spec; }
};

ServiceStatus status_of(const ServiceState& service);
const char* to_text(ServiceStatus status);  // "REPLICA_INIT", "NO_REPLICA", ...
std::uint32_t ready_count(const ServiceState& service);

}  // namespace sky::projections
