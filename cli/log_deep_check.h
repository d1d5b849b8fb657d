// `skyctl log verify`: the log's own check, and with --deep each snapshot against a new fold.
//
// Blocking; reads only. Damage of the log is in `check`; errors are those of check_log().
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "events/log_check.h"

namespace sky::cli {

struct LogFindings {
  events::LogCheck check;
  std::vector<std::string> snapshots;  // one line each
  std::size_t wrong_snapshots = 0;
};

core::Result<LogFindings> plain_check(const std::filesystem::path& directory);

// Folds from the first event; of a truncated log, from the oldest snapshot that reaches its
// beginning, which is then taken as it is.
core::Result<LogFindings> deep_check(const std::filesystem::path& directory);

}  // namespace sky::cli
