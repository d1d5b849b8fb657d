// A disk and the log on it as data: encoded commits, marks and snapshots, what of them is only in
// the page cache, and a disk that loses, tears, fills up and fails.
//
// The log keeps the promises of events/log.h in the order that events/opening.cc keeps them, with
// the same codec, the same reader and the same low-water check; only RocksDB's files are modelled.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "events/log.h"
#include "events/low_water.h"
#include "test/sim/disk.h"
#include "test/sim/random.h"

namespace sky::sim {

class ModelledDisk final : public Disk {
 public:
  explicit ModelledDisk(const DiskMaking& making)
      : id(making.log_id), mutations(making.mutations), random(making.seed), tally_(making.tally) {}

  core::Result<std::unique_ptr<events::Log>> open(Process& process,
                                                  OnAcknowledged on_acknowledged) override;
  void cut_power() override;  // the newest is lost first
  void process_ended() override;  // what a lying log kept in memory is gone
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

std::unique_ptr<Disk> modelled_disk(const DiskMaking& making);

}  // namespace sky::sim
