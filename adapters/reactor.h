// The event loop: one libuv loop, owned and run by one thread.
//
// Everything except post() is for the loop thread. Handles made on it must be destroyed before it
// (the destructor runs the loop until their close callbacks are through).
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "adapters/uv_handle.h"
#include "core/scheduler.h"
#include "core/time.h"

namespace sky::adapters {

class Reactor final : public core::Scheduler {
 public:
  Reactor();
  ~Reactor() override;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  uv_loop_t* loop() { return &loop_; }

  void run();  // until stop(); the reactor itself keeps it alive
  void stop();  // loop thread or a posted task

  void post(std::function<void()> task) override;
  std::unique_ptr<core::Alarm> make_alarm() override;  // a Timer
  std::unique_ptr<core::Background> make_background() override;  // a thread

 private:
  void run_posted();

  uv_loop_t loop_;
  UvHandle<uv_async_t> wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

// In milliseconds, rounded up.
class Timer final : public core::Alarm {
 public:
  explicit Timer(Reactor& reactor);

  void start(core::Duration after, std::function<void()> task) override;
  void start_repeating(core::Duration every, std::function<void()> task) override;
  void stop() override;
  bool is_active() const override;

 private:
  void arm(core::Duration after, core::Duration every, std::function<void()> task);

  UvHandle<uv_timer_t> handle_;
  std::unique_ptr<std::function<void()>> task_;
};

}  // namespace sky::adapters
