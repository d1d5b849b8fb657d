// Ties a home to its log by the file $SKYCTL_HOME/log.id, so that a log directory copied in from
// another home is refused: its services run there, and would be launched a second time here.
//
// A home without the file takes the log it has (its first start, or a backup put back). Not part of
// the log: the whole home may be moved. Errors: wrong_log, and those of reading and writing files.
#pragma once

#include "cli/home.h"
#include "core/ids.h"
#include "core/result.h"

namespace sky::cli {

// Before the log is opened for writing.
core::Result<void> check_log_identity(const Home& home);

// When it is open: remembers which one it is.
core::Result<void> keep_log_identity(const Home& home, const core::LogId& id);

}  // namespace sky::cli
