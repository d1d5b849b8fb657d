// Forgetting old events: where a log may be cut, and cutting it, each step in the order that makes
// a crash in between harmless. A snapshot of the present, proven; the base, which is the state that
// the oldest kept event continues, proven; LogTruncated; and only then deleting.
//
// Blocking; any thread. The daemon's own road through these steps is cli/log_tender.h.
#pragma once

#include <cstdint>
#include <string>

#include "core/event.h"
#include "core/result.h"
#include "events/log.h"
#include "projections/model.h"

namespace sky::cli {

// What shall go, and why, in words that the log keeps.
struct Cut {
  core::Seq before;  // the first event that may stay
  std::string reason;  // "older than 30 d"
};

// Stores a snapshot of the model and proves it by reading it back. The model's events are durable.
core::Result<core::SnapshotTaken> store_snapshot(events::Log& log,
                                                 const events::Snapshot& snapshot);

// `wanted`, or the oldest open intent of the model when that is before it.
core::Seq before_open_intents(const projections::Model& model, core::Seq wanted);

// The first event that is kept when all before `wanted` shall go: never past what the oldest of the
// newest snapshots needs after it, and where a commit and a step of the daemon begin. Errors:
// conflict when no snapshot verifies.
core::Result<core::Seq> allowed_cut(const events::Log& log, core::Seq wanted);

// Folds and stores the base of a log that will begin at `first`, an allowed cut, and proves it.
core::Result<core::SnapshotTaken> store_base(events::Log& log, core::Seq first);

// The oldest event that happened at `time` or later; one past the newest when there is none.
core::Result<core::Seq> first_since(const events::Log& log, core::WallTime time);

// Everything, for a log that no daemon has open. Returns where the log begins now.
core::Result<core::LogTruncated> truncate_log(events::Log& log, const Cut& cut, core::WallTime now);

}  // namespace sky::cli
