// The daemon as a process, seen by the other commands: is it there, start it, wait for it.
//
// Blocking; for short-lived commands, not for the daemon itself.
#pragma once

#include "cli/home.h"
#include "core/result.h"

namespace sky::cli {

// Does somebody answer on the API socket?
bool daemon_answers(const Home& home);

// Starts one in the background when none answers, and returns when it does. It is detached: it
// outlives the command. Errors: what the daemon itself wrote, when it ended at once; unavailable.
core::Result<void> ensure_daemon(const Home& home);

// After a crash of the daemon any command brings it back: starts it when none answers and the log
// still holds live services. Says on standard error that it did.
core::Result<void> revive_daemon(const Home& home);

}  // namespace sky::cli
