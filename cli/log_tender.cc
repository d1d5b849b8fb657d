#include "cli/log_tender.h"

#include <utility>

#include "cli/model_snapshot.h"
#include "cli/truncation.h"

namespace sky::cli {

using core::Result;
using core::Seq;

LogTender::LogTender(core::Scheduler& scheduler, events::Log& log, Controller& controller,
                     std::function<core::Stamp()> now, Say say, Seq newest)
    : scheduler_(scheduler),
      log_(log),
      controller_(controller),
      now_(std::move(now)),
      say_(std::move(say)),
      newest_(newest),
      taken_at_(now_().at),
      background_(scheduler.make_background()) {}

void LogTender::report(const std::vector<core::SnapshotRejected>& rejected) {
  for (const core::SnapshotRejected& one : rejected) {
    say_("snapshot of #" + std::to_string(one.of.value) + " was not used: " + one.reason);
    controller_.submit(core::LogTended{one});
  }
}

void LogTender::note_commit(Seq last) {
  if (is_taking_) return;
  const bool is_many = last.value >= newest_.value + snapshot_every_events;
  // The record of a snapshot is itself an event: two, lest an idle log grows by its snapshots.
  const bool is_late = now_().at - taken_at_ >= snapshot_every && last.value > newest_.value + 1;
  if (!is_many && !is_late) return;
  take([this](Result<core::SnapshotTaken> taken) {
    if (!taken) say_("no snapshot: " + taken.error().text);
  });
}

void LogTender::take(WhenTaken when_taken) {
  is_taking_ = true;
  // The state of this moment; it may be stored when all its events are durable.
  auto snapshot = std::make_shared<const events::Snapshot>(take_snapshot(controller_.model()));
  controller_.when_durable([this, snapshot, when_taken = std::move(when_taken)] {
    run([this, snapshot, when_taken]() -> Done {
      const auto taken = store_snapshot(log_, *snapshot);
      return [this, snapshot, when_taken, taken] {
        is_taking_ = false;
        taken_at_ = now_().at;
        if (taken) newest_ = taken->of;
        if (taken) controller_.submit(core::LogTended{*taken});
        when_taken(taken);
      };
    });
  });
}

void LogTender::truncate(Seq wanted, std::string reason, WhenCut when_cut) {
  take([this, wanted, reason = std::move(reason),
        when_cut = std::move(when_cut)](Result<core::SnapshotTaken> taken) {
    if (!taken) return when_cut(taken.error());
    cut(wanted, reason, taken->of, when_cut);
  });
}

void LogTender::cut(Seq wanted, const std::string& reason, Seq snapshot, WhenCut when_cut) {
  const auto first = allowed_cut(log_, controller_.model(), wanted);
  if (!first) return when_cut(first.error());
  const core::LogTruncated fact{*first, snapshot, reason};
  if (*first <= log_.position().first_retained) return when_cut(fact);
  controller_.submit(core::LogTended{fact}, [this, fact, when_cut](Result<void> recorded) {
    if (!recorded) return when_cut(recorded.error());
    run([this, fact, when_cut]() -> Done {
      const auto deleted = log_.truncate(fact.first_kept);
      return [when_cut, fact, deleted] {
        when_cut(deleted ? Result<core::LogTruncated>(fact) : deleted.error());
      };
    });
  });
}

void LogTender::take_last() {
  background_->wait();
  if (controller_.model().seq <= newest_.next()) return;
  const auto taken = store_snapshot(log_, take_snapshot(controller_.model()));
  if (!taken) say_("no snapshot: " + taken.error().text);
}

void LogTender::run(Job job) {
  background_->run([this, job = std::move(job)] { scheduler_.post(job()); });
}

}  // namespace sky::cli
