#include "projections/probe_targets.h"

#include "core/replica_health.h"

namespace sky::projections {
namespace {

bool is_probed(const Replica& replica) {
  const bool answers = replica.phase == core::Phase::starting ||
                       replica.phase == core::Phase::ready ||
                       replica.phase == core::Phase::not_ready;
  return answers && !replica.host.empty();
}

}  // namespace

std::vector<ProbeTarget> probe_targets(const Model& model) {
  std::vector<ProbeTarget> targets;
  for (const auto& [name, service] : model.services)
    for (const auto& [id, replica] : service.replicas) {
      if (!is_probed(replica)) continue;
      const auto version = service.versions.find(replica.version);
      const core::ReadinessProbe& probe =
          (version == service.versions.end() ? service.spec() : version->second.spec).probe;
      targets.push_back(
          {.service = name,
           .replica = id,
           .attempt = replica.attempt,
           .version = replica.version,
           .host = replica.host,
           .port = replica.port,
           .probe = probe,
           .interval = core::probe_interval(replica.phase, replica.ejected,
                                            replica.failing_since.has_value(), probe)});
    }
  return targets;
}

}  // namespace sky::projections
