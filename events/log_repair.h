// Going on with a log that has lost acknowledged events, because a person said so.
//
// Keeps every commit before the first bad one, byte by byte, in new files; the damaged ones stay as
// `db.torn`. Afterwards LogRepaired is the newest event, and the daemon's next start sweeps the
// clouds: machines that only the lost part remembered are found and ended. No daemon may run.
#pragma once

#include <filesystem>

#include "core/result.h"
#include "core/time.h"
#include "events/log_check.h"

namespace sky::events {

struct LogRepair {
  core::Seq kept;  // the newest event saved
  core::Seq acknowledged;  // the newest that once was
  core::Error damage;  // what was wrong
};

// `accept_loss_after`: the caller knows that everything after it is lost. Errors: conflict (nothing
// is wrong, or more is lost than was accepted: the text says how much), locked, and those of files.
core::Result<LogRepair> repair_log(const std::filesystem::path& directory,
                                   core::Seq accept_loss_after, core::WallTime now);

}  // namespace sky::events
