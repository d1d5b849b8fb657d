// How far long work is: one line on standard error that is written over, when that is a terminal
// and the work takes longer than a second. Gone at the end. One thread.
#pragma once

#include <chrono>
#include <string>

namespace sky::cli {

class Progress {
 public:
  explicit Progress(std::string what);  // "simulating"
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(double share);  // of the work that is done, 0 to 1; cheap to call often

 private:
  using Clock = std::chrono::steady_clock;

  const std::string what_;
  const bool is_shown_;
  Clock::time_point next_;
  bool has_line_ = false;
};

}  // namespace sky::cli
