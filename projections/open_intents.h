// Calls to providers that were intended and are not answered: what a start makes again.
//
// Derived from the replicas; the same call has the same token, so making it again is harmless.
#pragma once

#include <string>
#include <vector>

#include "core/effect.h"
#include "projections/model.h"

namespace sky::projections {

// What was asked for with the replica's version; of a version that is forgotten, the current one.
const core::ServiceSpec& spec_of(const ServiceState& service, const Replica& replica);

// The effect of a replica's open intent. Preconditions: its `intent` is set.
core::LaunchInstance launch_call(const Model& model, const ServiceState& service,
                                 const Replica& replica);
core::TerminateInstance terminate_call(const Model& model, const ServiceState& service,
                                       const Replica& replica);

// All of them, launches that wait for a retry time left out.
std::vector<core::Effect> open_intents(const Model& model);

}  // namespace sky::projections
