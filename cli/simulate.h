// Placement policies on spot traces side by side (projections/simulation/trace_run.h): means over
// windows and seeds, and the bound that none can beat.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/policies/market_policy.h"
#include "core/result.h"
#include "projections/simulation/trace_run.h"

namespace sky::cli {

struct NamedPolicy {
  std::string text;  // as typed
  core::MarketPolicy policy;
};

struct Windows {
  std::uint32_t count = 0;
  core::Duration length{0};
};

struct SimulationQuestion {
  std::vector<projections::SpotTrace> traces;
  std::vector<NamedPolicy> policies;
  projections::TraceQuestion base;  // target, cold start, ratio, seed, is_literal
  std::uint32_t runs = 1;  // seeds: base.seed and those after it; with seed 0 one run
  std::optional<Windows> windows;  // at places drawn from the seed; none: the whole trace once
};

struct PolicyResult {
  std::string policy;
  projections::TraceScore score;  // means; durations and counts are those of a mean run
  double on_demand_share = 0;  // of the cost
};

struct TraceResult {
  std::string trace;
  std::uint32_t zones = 0;
  core::Duration length{0};
  double bound = 0;  // the cost that an omniscient policy needs, as a share of all-on-demand
  bool is_exact = false;  // false: it needs at least that much
  std::vector<PolicyResult> policies;
};

// "10x24" is ten windows of 24 hours. Errors: usage.
core::Result<Windows> parse_windows(const std::string& text);

// `progress`: runs done, runs altogether. Errors: invalid_input (a window longer than a trace).
core::Result<std::vector<TraceResult>> simulate(
    const SimulationQuestion& question,
    const std::function<void(std::uint32_t, std::uint32_t)>& progress);

}  // namespace sky::cli
