#include "cli/history.h"

#include <string>
#include <utility>

#include "cli/model_snapshot.h"

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using core::Seq;

// Offers each snapshot that the kept events continue, newest first, until `take` has enough.
Result<FoldedLog> find_base(const events::Log& log, const IsEarly& is_early, bool newest) {
  const Seq first = log.position().first_retained;
  FoldedLog found;
  auto visited = log.visit_snapshots([&](Seq seq, const Result<events::Snapshot>& stored) {
    if (!is_early(seq)) return true;
    const auto load = first.value > 1 ? load_base : load_snapshot;
    auto model = stored ? load(*stored, log.id()) : Result<projections::Model>(stored.error());
    if (model && seq.next() < first)
      model = Error{ErrorCode::conflict, "the events after it are not kept any more"};
    if (!model) {
      found.rejected.push_back({seq, model.error().text});
      return true;
    }
    found.model = std::move(*model);
    found.snapshot = seq;
    return !newest;
  });
  if (!visited) return visited.error();
  return found;
}

Error no_base(Seq first) {
  return {ErrorCode::corrupt, "the log begins at event " + std::to_string(first.value) +
                                  " and no snapshot of what came before verifies; put a backup in "
                                  "its place (`skyctl log restore DIR`)"};
}

bool is_any(Seq) { return true; }

}  // namespace

Result<FoldedLog> newest_base(const events::Log& log, const IsEarly& is_early) {
  auto base = find_base(log, is_early, true);
  const Seq first = log.position().first_retained;
  if (base && !base->snapshot && first.value > 1)
    return Error{ErrorCode::not_found, "no snapshot before that moment verifies"};
  return base;
}

Result<FoldedLog> oldest_base(const events::Log& log) {
  const Seq first = log.position().first_retained;
  if (first.value <= 1) return FoldedLog{};
  auto base = find_base(log, is_any, false);
  if (base && !base->snapshot) return no_base(first);
  return base;
}

Result<FoldedLog> fold_history(const events::Log& log) {
  return fold_history(log, log.position().durable);
}

Result<FoldedLog> fold_history(const events::Log& log, Seq last) {
  auto folded = find_base(
      log, [last](Seq of) { return of <= last; }, true);
  if (!folded) return folded;
  const Seq first = log.position().first_retained;
  if (!folded->snapshot && first.value > 1) return no_base(first);
  projections::Model& model = folded->model;
  if (model.seq >= last) return folded;
  auto read =
      log.read(model.seq.next(), [&](const events::Commit& commit, std::span<const std::byte>) {
        for (const core::Event& event : commit.events)
          if (event.seq > model.seq && event.seq <= last) projections::evolve(model, event);
        return model.seq < last;
      });
  if (!read) return read.error();
  return folded;
}

}  // namespace sky::cli
