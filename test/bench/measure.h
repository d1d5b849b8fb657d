// Taking and telling figures: rounds, medians, spread, and one JSON object a line.
//
// A machine that others use has good and bad seconds. So each figure is the median of rounds, a
// ratio is taken within a round, whose two sides change places from round to round, and the lowest
// and the highest round are told with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sky::bench {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: the same in all processes

std::int64_t now_ns();
double seconds_of(const std::function<void()>& work);

// Runs both, `first` first when the round is even; seconds of each, in that order.
struct Pair {
  double first = 0;
  double second = 0;
};
Pair interleaved(int round, const std::function<void()>& first,
                 const std::function<void()>& second);

// `part` of the values are below the result: 0.5 is the median. No values: zero.
double quantile(std::vector<double> values, double part);

struct Goal {
  enum class Side { at_least, at_most } side;
  double limit;
};
inline Goal at_least(double limit) { return {Goal::Side::at_least, limit}; }
inline Goal at_most(double limit) { return {Goal::Side::at_most, limit}; }

// The value is the median of the rounds. Prints {"name", "value", "unit", "goal", "holds", "low",
// "high"}.
void tell(const std::string& name, const std::string& unit, const std::vector<double>& rounds,
          std::optional<Goal> goal = {});

// What this process did not free: VmRSS, in MiB.
double resident_mib();
// User and system time of this process, all threads; of the calling thread.
double process_cpu_seconds();
double thread_cpu_seconds();

}  // namespace sky::bench
