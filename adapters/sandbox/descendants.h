// All processes below a sandbox machine's own: reaping them, and ending them without exception.
//
// The machine is a subreaper (prctl): a process whose parent ended becomes the machine's child, so
// whoever leaves its process group, its session or its parent is found here in the end. One
// thread, the machine's.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "core/time.h"

namespace sky::adapters::sandbox {

class Descendants {
 public:
  // A program started by us, leader of its own process group.
  void add_group(pid_t leader) { groups_.push_back(leader); }

  // Reaps what has ended; `on_exit` is told the pid and the wait status of each.
  using OnExit = std::function<void(pid_t, int)>;
  void reap(const OnExit& on_exit);

  // SIGTERM, then after `grace` SIGKILL to everything there is, until nothing is left.
  // `meanwhile` is called every few milliseconds: the output must be taken, or nobody can end.
  void end_all(core::Duration grace, const OnExit& on_exit, const std::function<void()>& meanwhile);

 private:
  void signal_groups(int signal) const;

  std::vector<pid_t> groups_;
  bool has_any_ = false;
};

}  // namespace sky::adapters::sandbox
