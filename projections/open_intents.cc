#include "projections/open_intents.h"

#include "core/token.h"

namespace sky::projections {

const core::ServiceSpec& spec_of(const ServiceState& service, const Replica& replica) {
  const auto found = service.versions.find(replica.version);
  return found == service.versions.end() ? service.spec() : found->second.spec;
}

core::LaunchInstance launch_call(const Model& model, const ServiceState& service,
                                 const Replica& replica) {
  return {.service = service.name,
          .replica = replica.id,
          .attempt = replica.attempt,
          .version = replica.version,
          .token = core::launch_token(model.log_id, replica.intent),
          .offer = replica.offer,
          .spec = spec_of(service, replica)};
}

core::TerminateInstance terminate_call(const Model& model, const ServiceState& service,
                                       const Replica& replica) {
  return {.service = service.name,
          .replica = replica.id,
          .attempt = replica.attempt,
          .token = core::launch_token(model.log_id, replica.intent),
          .offer = replica.offer,
          .sandbox = spec_of(service, replica).sandbox.enabled};
}

std::vector<core::Effect> open_intents(const Model& model) {
  std::vector<core::Effect> calls;
  for (const auto& [name, service] : model.services)
    for (const auto& [id, replica] : service.replicas) {
      if (replica.retry_at) continue;
      if (replica.termination_open)
        calls.push_back(terminate_call(model, service, replica));
      else if (replica.launch_open)
        calls.push_back(launch_call(model, service, replica));
    }
  return calls;
}

}  // namespace sky::projections
