// Forgetting old events: where a log may be cut, and cutting it, each step in the order that makes
// a crash in between harmless. Snapshot, proof of it, LogTruncated, and only then deleting.
//
// Blocking; any thread. The daemon's own road through these steps is cli/log_tender.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/event.h"
#include "core/result.h"
#include "events/log.h"
#include "projections/model.h"

namespace sky::cli {

// Stores a snapshot of the model and proves it by reading it back. The model's events are durable.
core::Result<core::SnapshotTaken> store_snapshot(events::Log& log,
                                                 const events::Snapshot& snapshot);

// The first event that may be kept when all before `wanted` shall go: never past an open intent of
// the model, nor past what the oldest stored snapshot needs after it.
core::Result<core::Seq> allowed_cut(const events::Log& log, const projections::Model& model,
                                    core::Seq wanted);

// The oldest event that happened at `time` or later; one past the newest when there is none.
core::Result<core::Seq> first_since(const events::Log& log, core::WallTime time);

// Everything, for a log that no daemon has open. Returns where the log begins now.
core::Result<core::LogTruncated> truncate_log(events::Log& log, core::Seq wanted,
                                              const std::string& reason, core::WallTime now);

}  // namespace sky::cli
