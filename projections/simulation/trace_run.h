// A placement policy on a spot trace, in continuous time: what service and bill it would have had.
//
//   - capacity changes at samples only; a zone that falls below what we hold takes the newest
//   first,
//     at once and without warning
//   - the controller looks every `period`, and only if something happened since or the policy asked
//     for it; a launch made then succeeds if the zone has more than we hold, which is known one
//     period later; refusals cost nothing
//   - a machine is billed from launch to end and serves exactly `cold_start` after the launch;
//     on-demand machines are always to be had, in the same time
//   - the first hour does not count
// The policies are those of core/policies, asked directly: the simulation by `step` (simulation.h)
// has every detail of the control plane and would take far longer for weeks of a trace. Pure: the
// same question has the same answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/policies/market_policy.h"
#include "projections/simulation/spot_trace.h"

namespace sky::projections {

struct TargetChange {
  core::Duration at{0};  // from the window's begin; the first is at 0
  std::uint32_t target = 0;
};

struct TraceQuestion {
  const SpotTrace* trace = nullptr;  // borrowed for the run
  core::MarketPolicy policy;
  std::uint32_t target = 4;
  std::vector<TargetChange> targets;  // by time; not empty: instead of `target`
  core::Duration cold_start = core::seconds(183);
  core::Duration period = core::seconds(30);
  std::int64_t on_demand_ratio_milli = 3000;  // on-demand price / spot price
  std::vector<std::int64_t> zone_prices;  // 10^-6 USD an hour; empty: the same everywhere
  std::uint64_t seed = 0;  // draws the order among equal zones; 0: the order of the trace
  bool is_literal = false;  // a trace of zeroes and ones means one machine, not "as many as wanted"
  core::Duration begin{0};  // of the window, from the trace's begin
  std::optional<core::Duration> length;  // none: to its end
  core::Duration warm_up = core::seconds(3600);
};

// How many replicas served, for the time since the change before.
struct ReadySpan {
  core::Duration begin{0};
  std::vector<std::uint32_t> spot;  // ready, by zone
  std::uint32_t on_demand = 0;  // ready
  std::uint32_t taken = 0;  // that served until now and were taken, since the span before
};

// What happened to one machine, for those who want to follow (a fold, say).
enum class TraceEvent : std::uint8_t { launched, answered, refused, served, taken, ended };

struct TraceFact {
  TraceEvent event = TraceEvent::launched;
  core::Instant at;
  std::uint64_t machine = 0;  // from 1, by launch
  std::optional<std::size_t> zone;  // none: on demand
};

// Empty functions are not called.
struct TraceWatch {
  std::function<void(const ReadySpan&)> ready;  // every change of the ready replicas
  std::function<void(const TraceFact&)> fact;
  std::function<void(const core::MarketView&, const core::MarketPlan&)> plan;
};

struct TraceScore {
  core::Duration counted{0};
  core::Duration available{0};  // as many as wanted were ready
  core::Duration below_half{0};
  core::Duration nothing_ready{0};
  double shortfall = 0;  // mean share of the target that was missing
  double cost = 0;  // of all-on-demand for the same time; 1 is the same
  double on_demand_cost = 0;  // of it, the on-demand part
  std::uint64_t preemptions = 0;
  std::uint64_t launches = 0;  // spot, refused ones included
  std::uint64_t refused = 0;
  std::uint64_t on_demand_launches = 0;
  std::uint64_t episodes = 0;  // of being short
  std::uint64_t plans = 0;  // how often the policy was asked

  double availability() const;
};

// `watch` is told of the first hour, too.
TraceScore run_trace(const TraceQuestion& question, const TraceWatch& watch = {});

}  // namespace sky::projections
