// Blocking work on a thread of its own, which starts with the first job.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "core/scheduler.h"

namespace sky::adapters {

class BackgroundThread final : public core::Background {
 public:
  BackgroundThread() = default;
  ~BackgroundThread() override;
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

  void run(std::function<void()> job) override;
  void wait() override;

 private:
  void work();

  std::mutex mutex_;  // guards the three below
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  // the first one runs
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace sky::adapters
