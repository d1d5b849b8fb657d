// Folds the events of one service into its state. Used by evolve() only.
#pragma once

#include "core/event.h"
#include "projections/service_state.h"

namespace sky::projections {

void fold_service(ServiceState& service, const core::Event& event);

// A new daemon run: traffic between the two instants may not have been sampled, and calls of
// machines that are being given up are not made again.
void after_restart(ServiceState& service, core::Instant last_seen, core::Instant started);

// Failed replicas that keep their row, for people; older ones leave the table.
inline constexpr std::size_t max_failed_rows = 10;

}  // namespace sky::projections
