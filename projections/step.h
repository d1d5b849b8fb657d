// The pure heart: one observation in, facts and orders out.
//
//   step(model, input) = decide -> events, evolve -> model, effects, and the next instant at which
//   time alone would change something.
//
// No clock, no I/O, no randomness: the same model and input give the same answer on every machine.
// The caller makes `events` durable before any effect starts, any reply is sent and any follower
// is told. `model` is ahead of the disk until then; a failed commit ends the process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/effect.h"
#include "core/event.h"
#include "core/input.h"
#include "core/result.h"
#include "projections/model.h"

namespace sky::projections {

struct Step {
  std::vector<core::Event> events;  // already folded into the model, sequences assigned
  std::vector<core::Effect> effects;
  std::optional<core::Instant> wake_at;  // feed a Tick then, if nothing came earlier
  std::optional<core::Error> rejection;  // of a user's request: nothing happened
};

Step step(Model& model, const core::Input& input);

}  // namespace sky::projections
