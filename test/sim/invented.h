// What a world is made of, drawn from its seed: services and their versions, load curves, weather.
#pragma once

#include <cstdint>
#include <string>

#include "cli/config.h"
#include "core/spec.h"
#include "test/sim/clouds.h"
#include "test/sim/disk.h"
#include "test/sim/random.h"

namespace sky::sim {

// A service somebody might really write; one in fifteen never works.
core::ServiceSpec invent_service(Random& random, const core::ServiceName& name);
// The next version of it: other policies, another task, or both.
core::ServiceSpec change_service(Random& random, const core::ServiceSpec& before);
// Nothing difficult: what is asked for when the faults have stopped.
core::ServiceSpec calm_service(const core::ServiceSpec& before);

// So many replicas at any load.
core::ServiceSpec steady_service(const core::ServiceName& name, std::uint32_t replicas);

// A piece of a load curve: so many requests a second, this long.
struct LoadPiece {
  core::Duration length{0};
  core::MilliRps rate;  // zero: silence
  bool is_jittery = false;  // around the rate, half to twice
};
LoadPiece next_load(Random& random, const core::ServiceSpec& spec);

CloudFaults invent_weather(Random& random);
DiskFaults invent_disk(Random& random);
cli::RetentionPolicy invent_retention(Random& random);

}  // namespace sky::sim
