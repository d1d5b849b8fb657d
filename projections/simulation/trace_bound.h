// The least cost at which an omniscient policy keeps every wanted replica ready all the time: what
// no policy can beat. Exact for a market without limits per zone, where the replicas do not
// compete.
//
// Each replica is a lane: at any time it is served by one zone or on demand; a move to a zone needs
// the zone to have been up for a whole cold start and pays that cold start. A dynamic program over
// the moments when a zone changes, and a cold start before and after. (The integer program of
// section 3 of the
// SkyServe paper, for 100 % availability and without controller lag. Markets with limits need a
// flow program: scripts/bench placement.)
#pragma once

#include <cstdint>

#include "projections/simulation/spot_trace.h"

namespace sky::projections {

// As a share of all-on-demand, after `warm_up`. `on_demand_ratio_milli`: on-demand price / spot
// price.
double omniscient_cost(const SpotTrace& trace, core::Duration cold_start,
                       std::int64_t on_demand_ratio_milli, core::Duration warm_up);

// The same for any market, but only from below: as if machines that will be lost could be replaced
// for nothing. Up to four points of all-on-demand below the exact cost.
double least_thinkable_cost(const SpotTrace& trace, std::uint32_t target, core::Duration cold_start,
                            std::int64_t on_demand_ratio_milli, core::Duration warm_up);

// Whether zones hold 0 or 1 only: collectors that asked for one machine.
bool is_binary(const SpotTrace& trace);

}  // namespace sky::projections
