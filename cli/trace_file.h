// Spot traces as files: one file with all zones of a trace, or one file per zone as collectors
// write them, or none at all: drawn from a seed.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "projections/simulation/spot_trace.h"

namespace sky::cli {

// Files of 64 MiB at most.
inline constexpr std::size_t max_trace_bytes = 64U << 20U;

// {"gap_seconds":..,"zones":[..],"regions":[..],"capacity":[[..],..]} is a trace of its own;
// files of the form {"metadata":{"gap_seconds":..},"data":[..]} are the zones of one trace, named
// by their file names, as long as the shortest. "drawn:SEED" is
// projections/simulation/drawn_trace.h.
// Errors: not_found, invalid_input; the text names the file and the place in it.
core::Result<std::vector<projections::SpotTrace>> read_traces(
    const std::vector<std::string>& paths);

// "us-east-2" of "us-east-2a", "us-west1" of "us-west1-b".
std::string region_of_zone(const std::string& zone);

}  // namespace sky::cli
