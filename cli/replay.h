// A home's log, or another one, read from the start: as it was then, and decided again.
//
// Only reads; works beside a running daemon. Errors: not_found when there is no log, and those of
// reading it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "cli/event_source.h"
#include "cli/moment.h"
#include "core/result.h"
#include "projections/model.h"

namespace sky::cli {

struct ReplaySource {
  std::optional<std::filesystem::path> directory;  // --log: a home, or its log; none: our home
};

// All events in order, up to now. Returning false from `visit` ends it.
core::Result<void> read_source(const ReplaySource& source, core::Seq from,
                               const EventVisitor& visit);

// The state as of a moment, and both clocks there.
struct PastState {
  projections::Model model;
  core::Stamp now;
};

// Folds event by event; `now` is the moment's own time, never later than the next event's.
class PastFold {
 public:
  explicit PastFold(std::optional<Moment> until) : until_(until) {}
  bool add(const core::Event& event);  // false: it came after the moment
  PastState take();

 private:
  std::optional<Moment> until_;
  PastState past_;
  std::optional<core::Instant> next_;
};

core::Result<PastState> state_at(const ReplaySource& source, const std::optional<Moment>& until);

// `replay --verify`: whether all is identical is in `is_identical`, the whole answer in `text`.
struct VerifyAnswer {
  bool is_identical = false;
  std::string text;
};
core::Result<VerifyAnswer> verify_decisions(const ReplaySource& source,
                                            const std::optional<Moment>& until, bool json);

}  // namespace sky::cli
