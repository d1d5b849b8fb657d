#include "test/bench/measure.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace sky::bench {
namespace {

double cpu_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Pair interleaved(int round, const std::function<void()>& first,
                 const std::function<void()>& second) {
  if (round % 2 == 0) {
    const double one = seconds_of(first);
    return {one, seconds_of(second)};
  }
  const double two = seconds_of(second);
  return {seconds_of(first), two};
}

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

void tell(const std::string& name, const std::string& unit, const std::vector<double>& rounds,
          std::optional<Goal> goal) {
  const double value = quantile(rounds, 0.5);
  std::string goal_text = "null", holds = "null";
  if (goal) {
    const bool is_floor = goal->side == Goal::Side::at_least;
    goal_text = fmt::format("\"{} {:g}\"", is_floor ? ">=" : "<=", goal->limit);
    holds = (is_floor ? value >= goal->limit : value <= goal->limit) ? "true" : "false";
  }
  fmt::print(
      "{{\"name\": \"{}\", \"value\": {:.6g}, \"unit\": \"{}\", \"goal\": {}, \"holds\": {}, "
      "\"low\": {:.6g}, \"high\": {:.6g}}}\n",
      name, value, unit, goal_text, holds, quantile(rounds, 0), quantile(rounds, 1));
  std::fflush(stdout);
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) /
         (1 << 20);
}

double process_cpu_seconds() { return cpu_seconds(RUSAGE_SELF); }
double thread_cpu_seconds() { return cpu_seconds(RUSAGE_THREAD); }

}  // namespace sky::bench
