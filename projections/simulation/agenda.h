// What is going to happen in a simulated world, in the order of its times; of equal times, in the
// order in which it was planned. Pure: the clock is whatever the caller says it is.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "core/time.h"

namespace sky::projections {

class Agenda {
 public:
  using Task = std::function<void()>;

  void plan(core::Instant at, Task task) { tasks_.emplace(at, std::move(task)); }

  std::optional<core::Instant> next() const {
    if (tasks_.empty()) return {};
    return tasks_.begin()->first;
  }

  // The earliest task; there is one.
  Task take() {
    const auto first = tasks_.begin();
    Task task = std::move(first->second);
    tasks_.erase(first);
    return task;
  }

 private:
  std::multimap<core::Instant, Task> tasks_;
};

}  // namespace sky::projections
