// The past of a log: as it was then, and decided again.
//
// Only reads; works beside a running daemon. Errors: those of cli/replay_source.h.
#pragma once

#include <optional>
#include <string>

#include "cli/replay_source.h"
#include "core/result.h"
#include "projections/model.h"

namespace sky::cli {

// The state as of a moment, and both clocks there.
struct PastState {
  projections::Model model;
  core::Stamp now;
};

// Folds event by event; `now` is the moment's own time, never later than the next event's.
class PastFold {
 public:
  explicit PastFold(std::optional<Moment> until, PastBase base = {});
  bool add(const core::Event& event);  // false: it came after the moment
  PastState take();

 private:
  std::optional<Moment> until_;
  PastState past_;
  std::optional<core::Instant> next_;
};

// From the newest snapshot not after the moment: long logs are not read from their start.
core::Result<PastState> state_at(const ReplaySource& source, const std::optional<Moment>& until);

// `replay --verify`, of all that is kept: whether all is identical is in `is_identical`, the whole
// answer in `text`.
struct VerifyAnswer {
  bool is_identical = false;
  std::string text;
};
core::Result<VerifyAnswer> verify_decisions(const ReplaySource& source,
                                            const std::optional<Moment>& until, bool json,
                                            bool utc = false);

}  // namespace sky::cli
