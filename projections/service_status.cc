#include <algorithm>

#include "core/phase.h"
#include "projections/service_state.h"

namespace sky::projections {

std::uint32_t ready_count(const ServiceState& service) {
  return static_cast<std::uint32_t>(
      std::count_if(service.replicas.begin(), service.replicas.end(),
                    [](const auto& one) { return one.second.phase == core::Phase::ready; }));
}

ServiceStatus status_of(const ServiceState& service) {
  if (service.removal_requested) return ServiceStatus::shutting_down;
  if (ready_count(service) > 0) return ServiceStatus::ready;
  bool is_starting = false, is_silent = false;
  for (const auto& [id, replica] : service.replicas) {
    is_silent = is_silent || replica.phase == core::Phase::not_ready;
    is_starting = is_starting || core::is_live(replica.phase);
  }
  if (is_silent) return ServiceStatus::not_ready;
  if (is_starting) return ServiceStatus::replica_init;
  const VersionState& version = service.versions.at(service.version);
  if (version.failures > 0 && service.target > 0) return ServiceStatus::failed;
  if (service.target == 0 && service.evaluated_version) return ServiceStatus::no_replica;
  return ServiceStatus::replica_init;
}

const char* to_text(ServiceStatus status) {
  switch (status) {
    case ServiceStatus::replica_init: return "REPLICA_INIT";
    case ServiceStatus::ready: return "READY";
    case ServiceStatus::not_ready: return "NOT_READY";
    case ServiceStatus::failed: return "FAILED";
    case ServiceStatus::no_replica: return "NO_REPLICA";
    case ServiceStatus::shutting_down: return "SHUTTING_DOWN";
  }
  return "UNKNOWN";
}

}  // namespace sky::projections
