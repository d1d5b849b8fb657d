// A log whose last, unacknowledged group was torn by a power cut: recovered on a copy, and taken
// over only with proof. Private to events; step 2 of the opening procedure.
#pragma once

#include <filesystem>
#include <optional>

#include "core/result.h"
#include "events/low_water.h"
#include "events/rocks_options.h"

namespace sky::events {

// Replaces the database by its longest whole beginning if that reaches `mark`; the damaged files
// stay beside it. Returns the last event kept. `refusal` is what strict opening said. Errors:
// corrupt, acknowledged_lost, wrong_log; then nothing was changed.
core::Result<core::Seq> repair_torn_tail(const std::filesystem::path& directory,
                                         const std::optional<LowWater>& mark,
                                         const RocksTuning& tuning, const core::Error& refusal);

}  // namespace sky::events
