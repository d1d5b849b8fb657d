#include "cli/truncation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/history.h"
#include "cli/model_snapshot.h"
#include "projections/step.h"

namespace sky::cli {

using core::Error;
using core::ErrorCode;
using core::Result;
using core::Seq;

namespace {

// At or before `seq`: the beginning of a commit that is no continuation. A step that filled more
// than one commit has one time, and a state in its middle was never anybody's state.
Result<Seq> step_beginning(const events::Log& log, Seq seq) {
  const events::Position position = log.position();
  seq = std::min(seq, position.durable.next());
  while (seq > position.first_retained) {
    Seq commit;
    std::optional<core::Event> end, next;
    auto read =
        log.read(Seq{seq.value - 1}, [&](const events::Commit& found, std::span<const std::byte>) {
          if (end) {
            next = found.events.front();
            return false;
          }
          commit = found.events.front().seq;
          end = found.events.back();
          return end->seq < seq;
        });
    if (!read) return read.error();
    if (end->seq < seq && (!next || next->time != end->time)) return seq;
    seq = commit;
  }
  return position.first_retained;
}

}  // namespace

Result<core::SnapshotTaken> store_snapshot(events::Log& log, const events::Snapshot& snapshot) {
  if (auto stored = log.put_snapshot(snapshot); !stored) return stored.error();
  Result<void> proven =
      Error{ErrorCode::io, "the snapshot of event " + std::to_string(snapshot.seq.value) +
                               " is not there after it was written"};
  auto visited = log.visit_snapshots([&](Seq seq, const Result<events::Snapshot>& stored) {
    if (seq != snapshot.seq) return true;
    auto model =
        stored ? load_snapshot(*stored, log.id()) : Result<projections::Model>(stored.error());
    proven = model ? Result<void>() : Result<void>(model.error());
    return false;
  });
  if (!visited) return visited.error();
  if (!proven) return proven.error();
  return core::SnapshotTaken{snapshot.seq, snapshot.state_hash, snapshot.state.size()};
}

Seq before_open_intents(const projections::Model& model, Seq wanted) {
  for (const auto& [name, service] : model.services)
    for (const auto& [id, replica] : service.replicas)
      if ((replica.launch_open || replica.termination_open) && replica.intent)
        wanted = std::min(wanted, replica.intent);
  return wanted;
}

Result<Seq> allowed_cut(const events::Log& log, Seq wanted) {
  const Seq first = log.position().first_retained;
  Seq limit = wanted;
  bool has_snapshot = false;
  auto visited = log.visit_snapshots([&](Seq seq, const Result<events::Snapshot>& stored) {
    if (!stored || !load_snapshot(*stored, log.id())) return true;
    has_snapshot = true;
    if (first.value == 1 || seq.next() != first) limit = std::min(limit, seq.next());  // no base
    return true;
  });
  if (!visited) return visited.error();
  if (!has_snapshot)
    return Error{ErrorCode::conflict, "no snapshot verifies, so nothing may be deleted"};
  return step_beginning(log, limit);
}

Result<core::SnapshotTaken> store_base(events::Log& log, Seq first) {
  const auto folded = fold_history(log, Seq{first.value - 1});
  if (!folded) return folded.error();
  return store_snapshot(log, take_snapshot(folded->model));
}

Result<Seq> first_since(const events::Log& log, core::WallTime time) {
  Seq found = log.position().durable.next();
  auto read = log.read(Seq{}, [&](const events::Commit& commit, std::span<const std::byte>) {
    for (const core::Event& event : commit.events)
      if (event.time.wall >= time) {
        found = event.seq;
        return false;
      }
    return true;
  });
  if (!read) return read.error();
  return found;
}

Result<core::LogTruncated> truncate_log(events::Log& log, const Cut& cut, core::WallTime now) {
  auto folded = fold_history(log);
  if (!folded) return folded.error();
  auto taken = store_snapshot(log, take_snapshot(folded->model));
  if (!taken) return taken.error();
  auto first = allowed_cut(log, before_open_intents(folded->model, cut.before));
  if (!first) return first.error();
  if (*first <= log.position().first_retained)
    return core::LogTruncated{*first, taken->of, cut.reason};
  auto base = store_base(log, *first);
  if (!base) return base.error();
  const core::LogTruncated fact{*first, base->of, cut.reason};
  auto step = projections::step(folded->model, {{folded->model.now, now}, core::LogTended{fact}});
  if (auto recorded = log.append(step.events); !recorded) return recorded.error();
  if (auto deleted = log.truncate(*first); !deleted) return deleted.error();
  return fact;
}

}  // namespace sky::cli
