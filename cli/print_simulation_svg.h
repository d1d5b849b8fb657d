// A picture of a simulation: availability against cost, a point per policy and trace with each
// trace's bound; and, for the first policy on the first trace, its replicas by zone over time.
#pragma once

#include <string>
#include <vector>

#include "cli/simulate.h"

namespace sky::cli {

// Runs the first policy on the first trace once more, to watch it.
std::string simulation_svg(const SimulationQuestion& question,
                           const std::vector<TraceResult>& results);

}  // namespace sky::cli
