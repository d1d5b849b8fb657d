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
#include "projections/simulation/request_queue.h"
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

// The load that the autoscaler follows, and what a request is.
struct LoadQuestion {
  projections::LoadSeries series;
  core::ReplicaPolicy policy;  // limits, target per replica, window, delays
  projections::RequestModel requests;
};

struct SimulationQuestion {
  std::vector<projections::SpotTrace> traces;
  std::vector<NamedPolicy> policies;
  projections::TraceQuestion base;  // target, cold start, ratio, seed, is_literal
  std::uint32_t runs = 1;  // seeds: base.seed and those after it; with seed 0 one run
  std::optional<LoadQuestion> load;  // none: base.target all the time
  std::optional<Windows> windows;  // at places drawn from the seed; none: the whole trace once
};

struct PolicyResult {
  std::string policy;
  projections::TraceScore score;  // means; durations and counts are those of a mean run
  double on_demand_share = 0;  // of the cost
  std::optional<projections::RequestScore> requests;  // sums; latencies are means of the runs
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

// One number a line, the requests a second in one gap; blank lines and those that begin with # do
// not count. Errors: invalid_input; the text names the line.
core::Result<projections::LoadSeries> parse_load(const std::string& text, core::Duration gap);

// `progress`: runs done, runs altogether. Errors: invalid_input (a window longer than a trace).
core::Result<std::vector<TraceResult>> simulate(
    const SimulationQuestion& question,
    const std::function<void(std::uint32_t, std::uint32_t)>& progress);

}  // namespace sky::cli
