// Folds the events of one replica into its row, and what they mean for its service. Used by
// fold_service() only.
#pragma once

#include "core/event.h"
#include "projections/service_state.h"

namespace sky::projections {

// `replica` is a row of `service`; it may be erased by the call.
void fold_replica(ServiceState& service, Replica& replica, const core::Event& event);

}  // namespace sky::projections
