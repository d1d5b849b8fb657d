// The daemon's care for its log: snapshots from time to time, and cutting off old events.
//
// Loop thread; the disk work runs in a background of its own, one job at a time, beside the commits
// and never before them. A snapshot that fails is said and tried again later: the log does not need
// it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/controller.h"
#include "cli/history.h"
#include "core/scheduler.h"
#include "events/log.h"

namespace sky::cli {

// Folding 100 k events takes 30 to 50 ms: what a start costs at most after a crash.
inline constexpr std::uint64_t snapshot_every_events = 100'000;
inline constexpr core::Duration snapshot_every = core::seconds(60);  // of traffic

class LogTender {
 public:
  using Say = std::function<void(const std::string&)>;
  using WhenCut = std::function<void(core::Result<core::LogTruncated>)>;

  // All outlive the tender. `newest` is the snapshot the start was folded from.
  LogTender(core::Scheduler& scheduler, events::Log& log, Controller& controller,
            std::function<core::Stamp()> now, Say say, core::Seq newest);
  LogTender(const LogTender&) = delete;
  LogTender& operator=(const LogTender&) = delete;

  // Records which snapshots the start did not use.
  void report(const std::vector<core::SnapshotRejected>& rejected);
  // Events up to `last` are durable: takes a snapshot when it is time.
  void note_commit(core::Seq last);
  // Forgets what happened before `wanted`, as far as that is allowed (cli/truncation.h).
  void truncate(core::Seq wanted, std::string reason, WhenCut when_cut);
  // At the end, when everything is durable. Blocks.
  void take_last();

 private:
  using Done = std::function<void()>;  // on the loop thread
  using Job = std::function<Done()>;  // in the background
  using WhenTaken = std::function<void(core::Result<core::SnapshotTaken>)>;

  void take(WhenTaken when_taken);
  void cut(core::Seq wanted, const std::string& reason, core::Seq snapshot, WhenCut when_cut);
  void run(Job job);

  core::Scheduler& scheduler_;
  events::Log& log_;
  Controller& controller_;
  const std::function<core::Stamp()> now_;
  const Say say_;
  core::Seq newest_;  // event of the newest snapshot
  core::Instant taken_at_;
  bool is_taking_ = false;
  std::unique_ptr<core::Background> background_;
};

}  // namespace sky::cli
