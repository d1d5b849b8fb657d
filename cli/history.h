// States of a log the short way: a snapshot that verifies, and the events after it.
//
// A snapshot that does not verify is never used and always reported in `rejected`. In a truncated
// log the oldest events continue the base, a snapshot of the event before them (events/log.h).
// Blocking; any thread. Errors: those of reading; corrupt when a truncated log has no snapshot that
// verifies.
#pragma once

#include <functional>
#include <vector>

#include "core/event.h"
#include "core/result.h"
#include "events/log.h"
#include "projections/model.h"

namespace sky::cli {

struct FoldedLog {
  projections::Model model;
  core::Seq snapshot;  // folded from; zero: from the beginning
  std::vector<core::SnapshotRejected> rejected;
};

// The state as of the newest event.
core::Result<FoldedLog> fold_history(const events::Log& log);
// As of `last`, which is kept or is the event before the first one kept.
core::Result<FoldedLog> fold_history(const events::Log& log, core::Seq last);

// The newest snapshot of an event that `is_early` accepts, or the beginning of a whole log, without
// the events after it. Not_found when a truncated log has none.
using IsEarly = std::function<bool(core::Seq of)>;
core::Result<FoldedLog> newest_base(const events::Log& log, const IsEarly& is_early);
// The state from which all that is kept, or as much of it as can be, is folded.
core::Result<FoldedLog> oldest_base(const events::Log& log);

}  // namespace sky::cli
