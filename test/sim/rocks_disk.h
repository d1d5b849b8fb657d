// The production log on RocksDB, in a directory whose every change is seen: it may be refused, may
// be the last one of a life, and when the power goes, only what was synced is sure to be there.
//
// For a program of its own: test/crash/disk_calls.h takes the place of libc's file functions. The
// files themselves lie in memory where the system has such a place. The same seed nearly always
// loses the same: what RocksDB does in threads of its own during an opening is in no order.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "events/rocks_options.h"
#include "test/crash/disk_calls.h"
#include "test/crash/disk_journal.h"
#include "test/sim/disk.h"
#include "test/sim/ordered_env.h"
#include "test/sim/random.h"

namespace sky::sim {

class RocksDisk final : public Disk, public events::DiskObserver {
 public:
  explicit RocksDisk(const DiskMaking& making);
  ~RocksDisk() override;

  core::Result<std::unique_ptr<events::Log>> open(Process& process,
                                                  OnAcknowledged on_acknowledged) override;
  void cut_power() override;
  void process_ended() override { is_dead_ = true; }

  // Of the log: one that died inside a call does not return from it.
  void begin_commit();
  void end_call();

  int refusal(const events::DiskCall& call) override;  // any thread, as this:
  void happened(events::DiskCall call) override;

 private:
  void observe();
  void remove_old_directories();

  Tally& tally_;
  Random random_;
  events::Random torn_;  // decides what of the unsynced is left
  const std::filesystem::path place_;  // everything of this disk
  std::filesystem::path directory_;  // what is on it since the power went last
  std::unique_ptr<events::DiskJournal> journal_;
  std::unique_ptr<events::DiskObservation> observation_;
  OrderedEnv env_;
  events::RocksTuning tuning_;
  std::uint64_t powers_ = 0;
  bool has_power_failed_ = false;

  // Read where RocksDB calls, too.
  std::atomic<bool> is_dead_{false};
  std::atomic<std::int64_t> calls_to_live_{0};  // refused from that one on; 0: not by that
  std::atomic<int> fails_write_{0};  // an errno, during one commit
  std::atomic<int> fails_sync_{0};
};

std::unique_ptr<Disk> rocks_disk(const DiskMaking& making);

}  // namespace sky::sim
