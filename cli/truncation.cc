#include "cli/truncation.h"

#include <algorithm>
#include <utility>

#include "cli/history.h"
#include "cli/model_snapshot.h"
#include "projections/step.h"

namespace sky::cli {

using core::Error;
using core::ErrorCode;
using core::Result;
using core::Seq;

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

Result<Seq> allowed_cut(const events::Log& log, const projections::Model& model, Seq wanted) {
  Seq first = wanted;
  for (const auto& [name, service] : model.services)
    for (const auto& [id, replica] : service.replicas)
      if ((replica.launch_open || replica.termination_open) && replica.intent)
        first = std::min(first, replica.intent);
  bool has_snapshot = false;
  auto visited = log.visit_snapshots([&](Seq seq, const Result<events::Snapshot>& stored) {
    if (stored && load_snapshot(*stored, log.id())) {
      has_snapshot = true;
      first = std::min(first, seq.next());
    }
    return true;
  });
  if (!visited) return visited.error();
  if (!has_snapshot)
    return Error{ErrorCode::conflict, "no snapshot verifies, so nothing may be deleted"};
  return std::max(first, log.position().first_retained);
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

Result<core::LogTruncated> truncate_log(events::Log& log, Seq wanted, const std::string& reason,
                                        core::WallTime now) {
  auto folded = fold_history(log);
  if (!folded) return folded.error();
  auto taken = store_snapshot(log, take_snapshot(folded->model));
  if (!taken) return taken.error();
  auto first = allowed_cut(log, folded->model, wanted);
  if (!first) return first.error();
  const core::LogTruncated fact{*first, taken->of, reason};
  if (*first <= log.position().first_retained) return fact;
  auto step = projections::step(folded->model, {{folded->model.now, now}, core::LogTended{fact}});
  if (auto recorded = log.append(step.events); !recorded) return recorded.error();
  if (auto deleted = log.truncate(*first); !deleted) return deleted.error();
  return fact;
}

}  // namespace sky::cli
