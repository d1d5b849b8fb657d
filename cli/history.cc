#include "cli/history.h"

#include <string>
#include <utility>

#include "cli/model_snapshot.h"

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

Result<void> load_newest(const events::Log& log, FoldedLog& folded) {
  const core::Seq first = log.position().first_retained;
  return log.visit_snapshots([&](core::Seq seq, const Result<events::Snapshot>& stored) {
    auto model =
        stored ? load_snapshot(*stored, log.id()) : Result<projections::Model>(stored.error());
    if (model && seq.next() < first)
      model = Error{ErrorCode::conflict, "the events after it are not kept any more"};
    if (!model) {
      folded.rejected.push_back({seq, model.error().text});
      return true;
    }
    folded.model = std::move(*model);
    folded.snapshot = seq;
    return false;
  });
}

}  // namespace

Result<FoldedLog> fold_history(const events::Log& log) {
  FoldedLog folded;
  if (auto loaded = load_newest(log, folded); !loaded) return loaded.error();
  const core::Seq first = log.position().first_retained;
  if (!folded.snapshot && first.value > 1)
    return Error{ErrorCode::corrupt,
                 "the log begins at event " + std::to_string(first.value) +
                     " and no snapshot of what came before verifies; put a backup in its place "
                     "(`skyctl log restore DIR`)"};
  auto read = log.read(folded.model.seq.next(),
                       [&](const events::Commit& commit, std::span<const std::byte>) {
                         for (const core::Event& event : commit.events)
                           if (event.seq > folded.model.seq)
                             projections::evolve(folded.model, event);
                         return true;
                       });
  if (!read) return read.error();
  return folded;
}

}  // namespace sky::cli
