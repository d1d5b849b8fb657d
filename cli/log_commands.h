// What `skyctl log ...` does, each as one blocking call that prints its answer to `out`.
//
// They work on the log's directory. Those that write refuse while a daemon runs (locked); truncate
// and backup ask the daemon to do it then. Errors say what to do next.
#pragma once

#include <filesystem>
#include <ostream>

#include "cli/home.h"
#include "cli/moment.h"
#include "core/result.h"

namespace sky::cli {

core::Result<void> log_info(const Home& home, bool as_json, std::ostream& out);

// Of any log's directory. Damage is an error: the first bad commit and what is wrong with it.
core::Result<void> log_verify(const std::filesystem::path& directory, bool deep, std::ostream& out);

// Into `to`/log-SEQ; verified there, or it does not count and is removed.
core::Result<void> log_backup(const Home& home, const std::filesystem::path& to, std::ostream& out);
core::Result<void> log_restore(const Home& home, const std::filesystem::path& from,
                               std::ostream& out);
core::Result<void> log_repair(const Home& home, core::Seq accept_loss_after, core::WallTime now,
                              std::ostream& out);
core::Result<void> log_truncate(const Home& home, const Moment& before, core::WallTime now,
                                std::ostream& out);

}  // namespace sky::cli
