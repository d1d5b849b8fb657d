// The decisions about one service, each a pass over its state: records what follows from it and
// orders the effects. Run in this order, again and again, until a round records nothing.
//
// Each is total: it may be called for any live service at any time, and does nothing when there
// is nothing to do. The rules are core's; here they meet the state.
#pragma once

#include <vector>

#include "core/ids.h"
#include "projections/recorder.h"

namespace sky::projections {

// Replicas whose time is up: not ready in time, silent, drained, lost; open calls made again.
void decide_health(Recorder& recorder, const core::ServiceName& name);
// The target: ScaleEvaluated when it changes, and when a wait for a change begins or ends.
void decide_scale(Recorder& recorder, const core::ServiceName& name);
// A version that fails before it ever worked is replaced by the last one that did.
void decide_rollback(Recorder& recorder, const core::ServiceName& name);
// Plans and gives up replicas until pools and versions are as wanted.
void decide_fleet(Recorder& recorder, const core::ServiceName& name);
// A place for every pending replica.
void decide_launches(Recorder& recorder, const core::ServiceName& name);
// A service being removed: drain, terminate, and go. The service may be gone afterwards.
void decide_removal(Recorder& recorder, const core::ServiceName& name);

std::vector<core::ReplicaId> replica_ids(const ServiceState& service);

}  // namespace sky::projections
