// The parts of log_bench; each prints its figures (measure.h). What they mean: test/README.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/event.h"

namespace sky::bench {

// Appending against a raw file with fdatasync, in groups of 1, 100 and 1000.
void measure_append(const std::filesystem::path& directory);

// 50 000 events a second through the commit queue against single fdatasyncs.
void measure_durable(const std::filesystem::path& directory);

// Writes `directory`/log, a history of at least `events` events whose snapshot is 100 000 events
// old, and the same events as `directory`/flat. Ends the process as a kill would.
[[noreturn]] void make_history(const std::filesystem::path& directory, std::uint64_t events);

// That log's disk usage, how it opens, and how it is read, warm and cold.
void measure_history(const std::filesystem::path& directory);

// From durable to seen in another process; and what 64 followers cost the writer.
void measure_follow(const std::filesystem::path& directory);

// The other processes of the measurements, run as `log_bench CHILD ARGUMENTS`.
int run_followers(const std::vector<std::string>& arguments);
int run_writer(const std::vector<std::string>& arguments);

}  // namespace sky::bench
