// Every decision of a log, made again: the recorded observations go through `step` once more, and
// what it decides is compared with what was recorded, event by event.
//
// Fed with a log in order, from #1 or from the state `before` its first event (of a truncated log:
// a state between two steps). Between two events time passes as it did for the daemon: it is woken
// when it asked to be. A restart takes the state from the log, as the daemon did. It stops at the
// first difference. Nothing is stored; any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "projections/model.h"

namespace sky::cli {

struct Divergence {
  std::optional<core::Event> recorded;  // none: the log ends, and more would be decided
  std::optional<core::Event> again;  // none: asked again, nothing is decided
};

class DecisionCheck {
 public:
  explicit DecisionCheck(projections::Model before = {});
  void add(const core::Event& event);
  void finish();  // the log ends here

  const std::optional<Divergence>& divergence() const { return divergence_; }
  std::uint64_t events() const { return events_; }  // that were compared and are identical
  std::uint64_t decisions() const { return decisions_; }  // of these, the decided ones
  std::uint64_t unasked() const { return unasked_; }  // no input makes them: only folded

 private:
  void ask();
  void compare(const core::Event& recorded);
  void fold_unasked();
  void let_time_pass(core::Instant until);
  void make_due(const core::Event& event);

  projections::Model asked_;  // changed by step: what it would be
  projections::Model recorded_;  // folded from what was recorded and is identical
  std::vector<core::Event> facts_;  // of one observation, not asked yet
  std::deque<core::Event> expected_;  // what step made of the newest one, not compared yet
  std::optional<Divergence> divergence_;
  bool is_stopped_;  // nobody decided then, but `skyctl log` may have tended the log
  std::uint64_t events_ = 0;
  std::uint64_t decisions_ = 0;
  std::uint64_t unasked_ = 0;
};

// The first field in which the two differ: "body.target_after: recorded 5, again 4".
std::string difference_text(const core::Event& recorded, const core::Event& again);

}  // namespace sky::cli
