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
// not used, and a whole log is folded from its start. A truncated one has no start: its base is
// read in all forms from `oldest_model_format` on.
inline constexpr std::uint32_t model_format = 3;  // 2: taken requests, 3: beliefs about zones
inline constexpr std::uint32_t oldest_model_format = 1;

std::string encode_model(const projections::Model& model);

events::Snapshot take_snapshot(const projections::Model& model);

// Proves more than the log can: that the state decodes, is of that event, and of the log `id`.
core::Result<projections::Model> load_snapshot(const events::Snapshot& snapshot,
                                               const core::LogId& id);
// The base of a truncated log: of an older format, too. What that did not hold is as at a start:
// nothing is believed about zones before form 3.
core::Result<projections::Model> load_base(const events::Snapshot& snapshot, const core::LogId& id);

}  // namespace sky::cli
