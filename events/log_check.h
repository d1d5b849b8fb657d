// The whole log, read and held to every invariant: what `skyctl log verify` tells.
//
// Reads only; works on a damaged log, on a backup, and beside a writer (then up to what it has
// acknowledged). It names the first bad commit and goes no further: nothing after it can be
// trusted. Thread: any. Errors: not_found, permission, too_new, io; damage is a finding, no error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "events/log.h"
#include "events/low_water.h"

namespace sky::events {

struct LogCheck {
  core::LogId id;
  std::uint64_t epoch = 0;
  std::uint64_t schema = 0;  // of the newest writer
  core::Seq first_retained{1};
  core::Seq last;  // the newest event before the first bad commit; 0: none
  std::uint32_t chain = 0;  // at `last`
  std::uint64_t commits = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of the commits, before compression
  std::optional<core::Stamp> oldest;
  std::optional<core::Stamp> newest;
  std::optional<LowWater> mark;  // what was acknowledged; none: the file is missing
  std::optional<core::Error> damage;  // the first; none: the log is whole
};

// `visit` sees every good commit in order; false ends the walk early, without a finding.
core::Result<LogCheck> check_log(const std::filesystem::path& directory,
                                 const CommitVisitor& visit = {});

// The same for a caller that holds the directory's lock: no writer is at work.
core::Result<LogCheck> check_locked_log(const std::filesystem::path& directory,
                                        const CommitVisitor& visit = {});

}  // namespace sky::events
