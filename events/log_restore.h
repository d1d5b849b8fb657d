// Putting a backup (Log::backup) in the place of a log.
//
// The low-water file of the directory stays: when the backup is older than what was acknowledged,
// opening refuses with acknowledged_lost until log_repair.h accepts the loss. The files that were
// there are kept as `db.torn`. No daemon may run.
#pragma once

#include <filesystem>

#include "core/result.h"
#include "events/log_check.h"

namespace sky::events {

// Returns what is in the backup, which was verified before anything was changed. Errors: not_found,
// corrupt (the backup is damaged), wrong_log, locked, permission, no_space, io.
core::Result<LogCheck> restore_log(const std::filesystem::path& backup,
                                   const std::filesystem::path& directory);

}  // namespace sky::events
