// The daemon's care for its log: snapshots from time to time, and cutting off old events.
//
// Loop thread; the disk work runs in a background of its own, one job at a time, beside the commits
// and never before them. Snapshots and cuts take turns, too: a cut needs the base that it stored.
// What fails is said and tried again later: the log does not need it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/controller.h"
#include "cli/history.h"
#include "cli/truncation.h"
#include "core/scheduler.h"
#include "events/log.h"

namespace sky::cli {

// Folding 100 k events takes 30 to 50 ms: what a start costs at most after a crash.
inline constexpr std::uint64_t snapshot_every_events = 100'000;
inline constexpr core::Duration snapshot_every = core::seconds(60);  // of traffic

class LogTender {
 public:
  using Say = std::function<void(const std::string&)>;
  // What shall go; none: nothing. Called in the background, and may read the log.
  using FindCut = std::function<core::Result<std::optional<Cut>>()>;
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
  // Called after each snapshot of the present.
  void on_snapshot(std::function<void()> callback) { on_snapshot_ = std::move(callback); }
  // Forgets what is found, as far as that is allowed (cli/truncation.h). Tells where the log begins
  // then; without a reason when nothing was cut.
  void truncate(FindCut find, WhenCut when_cut);
  // At the end, when everything is durable: no cut goes on after it. Blocks.
  void take_last();

 private:
  struct Cutting {
    FindCut find;
    WhenCut when_cut;
    Cut cut;  // what was found
  };
  using Done = std::function<void()>;  // on the loop thread
  using Job = std::function<Done()>;  // in the background
  using WhenTaken = std::function<void(core::Result<core::SnapshotTaken>)>;

  void take(WhenTaken when_taken);
  void cut_next();
  void find();
  void store_base_before(core::Seq wanted);
  void record(core::LogTruncated fact);
  void forget(core::LogTruncated fact);
  core::LogTruncated nothing_cut() const;
  void end_cut(const core::Result<core::LogTruncated>& end);
  void run(Job job);

  core::Scheduler& scheduler_;
  events::Log& log_;
  Controller& controller_;
  const std::function<core::Stamp()> now_;
  const Say say_;
  std::function<void()> on_snapshot_;
  core::Seq newest_;  // event of the newest snapshot
  core::Instant taken_at_;
  bool is_busy_ = false;  // with a snapshot or a cut
  bool is_over_ = false;
  std::deque<Cutting> cuts_;  // wanted; the first may be under way
  std::unique_ptr<core::Background> background_;
};

}  // namespace sky::cli
