// The observation behind recorded facts: what `step` was given when it recorded them.
//
// One observation leaves one fact or a few that follow each other with the same stamp; what was
// decided comes after them. What a fact does not say (the attempt of a launch, the ports that were
// free) is in the model before it. An input that left no fact decided nothing of its own. Pure.
#pragma once

#include <optional>
#include <vector>

#include "core/event.h"
#include "core/input.h"
#include "projections/model.h"

namespace sky::cli {

// Whether `next` is a fact of the same observation as `facts` (not empty).
bool continues_observation(const projections::Model& before, const std::vector<core::Event>& facts,
                           const core::Event& next);

// A Tick when the first event was decided by time alone; none for a kind of fact that no input
// makes: it was recorded by somebody beside `step`, or by a newer version.
std::optional<core::InputBody> observation_behind(const projections::Model& before,
                                                  const std::vector<core::Event>& facts);

}  // namespace sky::cli
