// When things run: what the parts of the control plane need of the loop that they live on.
//
// The real one is adapters/reactor.h; a simulator brings one with a clock of its own. It does not
// tell the time: time is an input.
#pragma once

#include <functional>
#include <memory>

#include "core/time.h"

namespace sky::core {

// Calls back once, or at an interval, until stopped or destroyed. Loop thread.
class Alarm {
 public:
  virtual ~Alarm() = default;

  virtual void start(Duration after, std::function<void()> task) = 0;  // instead of what was set
  virtual void start_repeating(Duration every, std::function<void()> task) = 0;
  virtual void stop() = 0;
  virtual bool is_active() const = 0;
};

// Work that blocks, away from the loop: one job at a time, in the order they were given. A job
// tells the loop what came of it by Scheduler::post().
class Background {
 public:
  virtual ~Background() = default;  // waits for the job that runs; those that wait never do

  virtual void run(std::function<void()> job) = 0;  // loop thread
  virtual void wait() = 0;  // loop thread: until all jobs given so far are done
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  // Any thread: runs `task` on the loop, in order, never at once.
  virtual void post(std::function<void()> task) = 0;
  virtual std::unique_ptr<Alarm> make_alarm() = 0;
  virtual std::unique_ptr<Background> make_background() = 0;
};

}  // namespace sky::core
