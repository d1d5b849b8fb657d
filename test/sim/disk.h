// The daemon's disk, and the log on it: encoded commits, marks and snapshots, what of them is only
// in the page cache, and a disk that loses, tears, fills up and fails.
//
// The log keeps the promises of events/log.h in the order that events/opening.cc keeps them, with
// the same codec, the same reader and the same low-water check; only RocksDB's files are modelled.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "events/log.h"
#include "events/low_water.h"
#include "test/sim/mutation.h"
#include "test/sim/process.h"
#include "test/sim/random.h"
#include "test/sim/tally.h"

namespace sky::sim {

struct DiskFaults {
  std::uint32_t full_per_mille = 0;  // of commits find no space
  std::uint32_t broken_sync_per_mille = 0;  // of commits: whether it is stored, nobody knows
  std::uint32_t rot_percent = 0;  // of power cuts damage the newest snapshot
};

class Disk {
 public:
  Disk(core::LogId log_id, std::uint64_t seed, MutationSet broken, Tally& tally)
      : id(std::move(log_id)), mutations(broken), random(seed), tally_(tally) {}

  // Without power: what was not synced is kept, lost or torn, the newest first.
  void cut_power();
  // The process ended without a word: what a lying log kept in memory is gone.
  void lose_memory();
  void rot();  // a bit of the newest snapshot
  void count(const char* fault) { ++tally_.faults[fault]; }

  struct Stored {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint32_t chain = 0;
    std::string bytes;
    bool is_synced = false;
    bool is_in_memory = false;  // a lying log only: not even in the page cache
  };

  const core::LogId id;
  const MutationSet mutations;
  Random random;
  DiskFaults faults;
  bool has_header = false;  // one log was opened
  std::uint64_t epoch = 0;
  std::uint64_t first_retained = 1;
  std::deque<Stored> commits;
  std::optional<events::LowWater> mark;  // as the page cache has it
  std::optional<events::LowWater> synced_mark;
  std::map<core::Seq, std::string> snapshots;

 private:
  Tally& tally_;
};

// Told of each commit before its append returns: from here on it may not be lost.
using OnAcknowledged =
    std::function<void(std::span<const core::Event> events, const std::string& bytes)>;

// Opens as open_log() does. Errors: corrupt, acknowledged_lost, wrong_log.
core::Result<std::unique_ptr<events::Log>> open_disk(Disk& disk, Process& process,
                                                     OnAcknowledged on_acknowledged);

}  // namespace sky::sim
