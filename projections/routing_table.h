// The balancer's picture, folded from the log: which replicas of which service get requests.
//
// Used on both sides: the daemon makes the snapshot a new follower starts from, the balancer folds
// the events that follow. Both must come to the same table.
#pragma once

#include "core/event.h"
#include "core/routing.h"
#include "projections/model.h"

namespace sky::projections {

core::RoutingSnapshot routing_snapshot(const Model& model);

// Folds one event in; events at or below `table.seq` are already in and change nothing.
// Returns whether the table changed (other than its seq).
bool evolve(core::RoutingSnapshot& table, const core::Event& event);

}  // namespace sky::projections
