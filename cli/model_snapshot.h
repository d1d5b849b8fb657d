// The model as the bytes of a snapshot, and back.
//
// Canonical: equal models give equal bytes, so events::state_hash() of them is the hash of the
// state. A snapshot of another format is no error of the log: it is passed over. Pure; any thread.
// Errors: corrupt, unsupported (another format).
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "events/log.h"
#include "projections/model.h"

namespace sky::cli {

// Raised whenever the model gets a member or a fold changes its meaning: older snapshots are then
// not used, and a whole log is folded from its start. A truncated one has none: whoever raises it
// reads the formats before it, too.
inline constexpr std::uint32_t model_format = 1;

std::string encode_model(const projections::Model& model);

events::Snapshot take_snapshot(const projections::Model& model);

// Proves more than the log can: that the state decodes, is of that event, and of the log `id`.
core::Result<projections::Model> load_snapshot(const events::Snapshot& snapshot,
                                               const core::LogId& id);

}  // namespace sky::cli
