// The daemon's disk, and the log on it: what survives the end of a process, and what a power cut.
//
// Two implementations: modelled_disk.h, for ten thousand worlds, and rocks_disk.h, the production
// log on files that fail, for some of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/result.h"
#include "events/log.h"
#include "test/sim/mutation.h"
#include "test/sim/process.h"
#include "test/sim/tally.h"

namespace sky::sim {

struct DiskFaults {
  std::uint32_t full_per_mille = 0;  // of commits find no space
  std::uint32_t broken_sync_per_mille = 0;  // of commits: whether it is stored, nobody knows
  std::uint32_t rot_percent = 0;  // of power cuts damage the newest snapshot (a modelled disk)
};

// Told of each commit before its append returns: from here on it may not be lost.
using OnAcknowledged =
    std::function<void(std::span<const core::Event> events, const std::string& bytes)>;

class Disk {
 public:
  virtual ~Disk() = default;

  // Opens as open_log() does. Errors: corrupt, acknowledged_lost, wrong_log. The process may die
  // in here. The log of an earlier life was destroyed before.
  virtual core::Result<std::unique_ptr<events::Log>> open(Process& process,
                                                          OnAcknowledged on_acknowledged) = 0;
  // What was not synced is kept, lost or torn.
  virtual void cut_power() = 0;
  // The process that had it open ended without a word; it may be in the middle of a call.
  virtual void process_ended() = 0;

  DiskFaults faults;
};

struct DiskMaking {
  core::LogId log_id;
  std::uint64_t seed = 0;
  MutationSet mutations;
  Tally& tally;  // outlives the disk
};
using MakeDisk = std::function<std::unique_ptr<Disk>(const DiskMaking& making)>;

}  // namespace sky::sim
