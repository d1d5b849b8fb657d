// What `skyctl simulate` prints.
#pragma once

#include <string>
#include <vector>

#include "cli/simulate.h"

namespace sky::cli {

std::string simulation_text(const SimulationQuestion& question,
                            const std::vector<TraceResult>& results);

// {"target":..,"traces":[{"trace":..,"bound_cost":..,"policies":[{"policy":..,"cost":..}]}]}
std::string simulation_json(const SimulationQuestion& question,
                            const std::vector<TraceResult>& results);

}  // namespace sky::cli
