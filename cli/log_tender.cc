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
  if (is_busy_) return;
  const bool is_many = last.value >= newest_.value + snapshot_every_events;
  // The record of a snapshot is itself an event: two, lest an idle log grows by its snapshots.
  const bool is_late = now_().at - taken_at_ >= snapshot_every && last.value > newest_.value + 1;
  if (!is_many && !is_late) return;
  is_busy_ = true;
  take([this](Result<core::SnapshotTaken> taken) {
    if (!taken) say_("no snapshot: " + taken.error().text);
    is_busy_ = false;
    if (taken && on_snapshot_) on_snapshot_();
    cut_next();
  });
}

void LogTender::take(WhenTaken when_taken) {
  // The state of this moment; it may be stored when all its events are durable.
  auto snapshot = std::make_shared<const events::Snapshot>(take_snapshot(controller_.model()));
  controller_.when_durable([this, snapshot, when_taken = std::move(when_taken)] {
    run([this, snapshot, when_taken]() -> Done {
      const auto taken = store_snapshot(log_, *snapshot);
      return [this, when_taken, taken] {
        taken_at_ = now_().at;
        if (taken) newest_ = taken->of;
        if (taken) controller_.submit(core::LogTended{*taken});
        when_taken(taken);
      };
    });
  });
}

void LogTender::truncate(FindCut find, WhenCut when_cut) {
  cuts_.push_back({std::move(find), std::move(when_cut), {}});
  cut_next();
}

void LogTender::cut_next() {
  if (is_busy_ || cuts_.empty()) return;
  is_busy_ = true;
  find();
}

void LogTender::find() {
  run([this, find = cuts_.front().find]() -> Done {
    return [this, found = find()] {
      if (!found) return end_cut(found.error());
      if (!*found) return end_cut(nothing_cut());
      cuts_.front().cut = **found;
      take([this](Result<core::SnapshotTaken> taken) {
        if (!taken) return end_cut(taken.error());
        store_base_before(before_open_intents(controller_.model(), cuts_.front().cut.before));
      });
    };
  });
}

void LogTender::store_base_before(Seq wanted) {
  run([this, wanted, reason = cuts_.front().cut.reason]() -> Done {
    const auto first = allowed_cut(log_, wanted);
    if (!first) return [this, first] { end_cut(first.error()); };
    if (*first <= log_.position().first_retained) return [this] { end_cut(nothing_cut()); };
    const auto base = store_base(log_, *first);
    if (!base) return [this, base] { end_cut(base.error()); };
    return [this, fact = core::LogTruncated{*first, base->of, reason}] { record(fact); };
  });
}

void LogTender::record(core::LogTruncated fact) {
  if (is_over_) return;
  controller_.submit(core::LogTended{fact}, [this, fact](Result<void> recorded) {
    if (!recorded) return end_cut(recorded.error());
    forget(fact);
  });
}

void LogTender::forget(core::LogTruncated fact) {
  run([this, fact]() -> Done {
    const auto deleted = log_.truncate(fact.first_kept);
    return [this, fact, deleted] {
      end_cut(deleted ? Result<core::LogTruncated>(fact) : deleted.error());
    };
  });
}

core::LogTruncated LogTender::nothing_cut() const {
  return {log_.position().first_retained, newest_, {}};
}

void LogTender::end_cut(const Result<core::LogTruncated>& end) {
  const Cutting ended = std::move(cuts_.front());
  cuts_.pop_front();
  is_busy_ = false;
  ended.when_cut(end);
  cut_next();
}

void LogTender::take_last() {
  is_over_ = true;
  background_->wait();
  if (controller_.model().seq <= newest_.next()) return;
  const auto taken = store_snapshot(log_, take_snapshot(controller_.model()));
  if (!taken) say_("no snapshot: " + taken.error().text);
}

void LogTender::run(Job job) {
  if (is_over_) return;
  background_->run([this, job = std::move(job)] { scheduler_.post(job()); });
}

}  // namespace sky::cli
