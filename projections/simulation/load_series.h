// A load over time as numbers, and what the autoscaler makes of it.
//
// The autoscaler is the control plane's own: the request-rate rule over the QPS window
// (core/autoscale_request_rate.h), one evaluation a second, and the vote over the delays
// (core/scale_vote.h). It looks at arrivals only, so that every placement policy meets the same
// targets. Requests of a gap are spread evenly over its seconds. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "core/spec.h"
#include "core/time.h"
#include "projections/simulation/trace_run.h"

namespace sky::projections {

struct LoadSeries {
  core::Duration gap = core::seconds(60);  // whole seconds
  std::vector<std::uint64_t> requests;  // that arrive in each gap; after the last the first again

  double rate_at(core::Duration at) const;  // requests a second
  std::uint64_t arrivals(std::int64_t second) const;
};

// Preconditions: `requests` is not empty; the policy has a target per replica and max_replicas.
std::vector<TargetChange> follow_load(const LoadSeries& load, const core::ReplicaPolicy& policy,
                                      core::Duration length);

}  // namespace sky::projections
