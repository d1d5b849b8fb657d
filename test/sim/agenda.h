// Virtual time: what happens when, in one thread. Time jumps from one entry to the next.
//
// Entries at the same moment run in the order they were made, so a run is a function of its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "core/time.h"

namespace sky::sim {

class Agenda {
 public:
  using Task = std::function<void()>;
  using Id = std::pair<core::Duration, std::uint64_t>;

  core::Duration now() const { return now_; }  // since the world began

  Id after(core::Duration wait, Task task) {
    const Id id{now_ + std::max(wait, core::Duration{0}), ++count_};
    entries_.emplace(id, std::move(task));
    return id;
  }
  void cancel(const Id& id) { entries_.erase(id); }

  // Runs the next entry that is due until `end`; false when there is none: it is `end` then.
  bool run_next(core::Duration end) {
    const auto next = entries_.begin();
    if (next == entries_.end() || next->first.first > end) {
      now_ = std::max(now_, end);
      return false;
    }
    now_ = next->first.first;
    const Task task = std::move(next->second);
    entries_.erase(next);
    task();
    return true;
  }

 private:
  core::Duration now_{0};
  std::uint64_t count_ = 0;
  std::map<Id, Task> entries_;
};

}  // namespace sky::sim
