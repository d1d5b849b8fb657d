// From what the model wants probed to what the prober is to send: secrets are put in here, at the
// last moment, so that no event and no model ever holds one.
#pragma once

#include <vector>

#include "adapters/effect_runner.h"
#include "adapters/prober.h"
#include "projections/probe_targets.h"

namespace sky::cli {

// A service whose secrets cannot be read is probed with `$NAME` left in: its probe then fails, and
// says so in the log.
std::vector<adapters::ProbeTask> probe_tasks(const std::vector<projections::ProbeTarget>& targets,
                                             const adapters::EffectRunner::SecretsOf& secrets);

}  // namespace sky::cli
