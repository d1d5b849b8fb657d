// A world for `step` to run in, as values: what is asked of the service, what the clouds have to
// give, how long they take. The same scenario gives the same run (simulation.h).
//
// Made from a recorded log (recorded_scenario.h).
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "core/input.h"
#include "projections/model.h"
#include "projections/simulation/capacity.h"
#include "projections/simulation/timings.h"

namespace sky::projections {

// What a person typed, at its time.
struct ScenarioCommand {
  core::Instant at;
  std::variant<core::UpRequested, core::UpdateRequested, core::DownRequested> command;
};

// Requests that arrived in [end - period, end].
struct Demand {
  core::Instant end;
  core::Duration period{0};
  std::uint32_t arrivals = 0;
  core::Duration service_time{0};  // a request of that time took so long
  bool operator==(const Demand&) const = default;
};

struct Scenario {
  core::ServiceName service;
  Model before;  // the state it begins with: this service or none, and what is known of the zones
  core::Stamp begin;
  core::Instant end;
  std::vector<ScenarioCommand> commands;  // by time
  std::vector<Demand> demand;  // by time
  CapacityByKind capacity;  // a kind that is not listed has no limit
  Timings timings;
};

}  // namespace sky::projections
