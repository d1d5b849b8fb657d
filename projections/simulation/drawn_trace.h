// A spot market drawn from the model that fits public traces: for tests and for `skyctl simulate`,
// where the recorded ones may not be given on.
//
// Each zone alternates between full and empty; both times are Lomax: survival
// ((a0) / (t + a0))^kappa, up kappa 1.19 and a0 0.8 h, down kappa 1.43 and a0 1.0 h (pooled fits of
// the
// AWS traces of 2023). With probability 0.2 a failing zone takes each other full zone of its region
// along. The same seed gives the same trace.
#pragma once

#include <cstdint>

#include "projections/simulation/spot_trace.h"

namespace sky::projections {

struct TraceRecipe {
  std::uint64_t seed = 1;
  std::uint32_t regions = 3;
  std::uint32_t zones_per_region = 3;
  std::uint32_t machines = 1;  // of a full zone
  core::Duration gap = core::seconds(300);
  std::uint32_t samples = 4032;  // 14 days
};

SpotTrace draw_trace(const TraceRecipe& recipe);

}  // namespace sky::projections
