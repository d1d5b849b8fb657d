// A log folded to its present state the short way: the newest snapshot that verifies, and what came
// after it. Blocking; any thread.
//
// A snapshot that does not verify is never used and always reported in `rejected`. Errors: those of
// reading; corrupt when the log was truncated and no snapshot verifies.
#pragma once

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

core::Result<FoldedLog> fold_history(const events::Log& log);

}  // namespace sky::cli
