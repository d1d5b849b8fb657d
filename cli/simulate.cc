#include "cli/simulate.h"

#include <charconv>
#include <cmath>
#include <sstream>

#include "core/splitmix.h"
#include "projections/simulation/trace_bound.h"

namespace sky::cli {
namespace {

using core::Duration;
using core::Error;
using core::ErrorCode;
using core::Result;
using projections::TraceScore;

constexpr std::uint32_t most_windows = 10'000;
constexpr std::uint32_t longest_window_hours = 24 * 366;

// The sums of many runs, and their mean.
class Mean {
 public:
  void add(const TraceScore& score) {
    ++runs_;
    sum_.counted += score.counted;
    sum_.available += score.available;
    sum_.below_half += score.below_half;
    sum_.nothing_ready += score.nothing_ready;
    sum_.shortfall += score.shortfall;
    sum_.cost += score.cost;
    sum_.on_demand_cost += score.on_demand_cost;
    sum_.preemptions += score.preemptions;
    sum_.launches += score.launches;
    sum_.refused += score.refused;
    sum_.on_demand_launches += score.on_demand_launches;
    sum_.episodes += score.episodes;
    sum_.plans += score.plans;
  }

  TraceScore mean() const {
    TraceScore mean = sum_;
    const double runs = runs_;
    for (Duration* one : {&mean.counted, &mean.available, &mean.below_half, &mean.nothing_ready})
      *one /= runs_;
    for (double* one : {&mean.shortfall, &mean.cost, &mean.on_demand_cost}) *one /= runs;
    for (std::uint64_t* one : {&mean.preemptions, &mean.launches, &mean.refused,
                               &mean.on_demand_launches, &mean.episodes, &mean.plans})
      *one = (*one + runs_ / 2) / runs_;
    return mean;
  }

 private:
  TraceScore sum_;
  std::uint32_t runs_ = 0;
};

class RequestMean {
 public:
  void add(const projections::RequestScore& one) {
    ++runs_;
    sum_.arrived += one.arrived;
    sum_.waited += one.waited;
    sum_.failed += one.failed;
    sum_.mean += one.mean;
    sum_.p50 += one.p50;
    sum_.p90 += one.p90;
    sum_.p99 += one.p99;
  }
  projections::RequestScore mean() const {
    projections::RequestScore mean = sum_;
    for (Duration* one : {&mean.mean, &mean.p50, &mean.p90, &mean.p99}) *one /= runs_;
    return mean;
  }

 private:
  projections::RequestScore sum_;
  std::int64_t runs_ = 0;
};

// One policy on one trace: all runs.
class Runs {
 public:
  Runs(const SimulationQuestion& question, const projections::SpotTrace& trace,
       const std::vector<projections::TargetChange>& targets)
      : question_(question), trace_(trace), targets_(targets) {}

  void run(const NamedPolicy& policy, std::uint32_t number);
  PolicyResult result(const NamedPolicy& policy) const {
    PolicyResult line{.policy = policy.text, .score = score_.mean(), .requests = {}};
    if (line.score.cost > 0) line.on_demand_share = line.score.on_demand_cost / line.score.cost;
    if (question_.load) line.requests = requests_.mean();
    return line;
  }

 private:
  const SimulationQuestion& question_;
  const projections::SpotTrace& trace_;
  const std::vector<projections::TargetChange>& targets_;
  Mean score_;
  RequestMean requests_;
};

std::uint32_t runs_of(const SimulationQuestion& question) {
  return question.windows          ? question.windows->count
         : question.base.seed == 0 ? 1
                                   : std::max<std::uint32_t>(1, question.runs);
}

projections::TraceQuestion question_of(const SimulationQuestion& question,
                                       const projections::SpotTrace& trace, std::uint32_t run) {
  projections::TraceQuestion one = question.base;
  one.trace = &trace;
  if (one.seed != 0 || question.windows) one.seed += run;
  if (!question.windows) return one;
  const std::int64_t spare = (trace.length() - question.windows->length) / trace.gap;
  const std::uint64_t drawn = core::mixed(question.base.seed * most_windows + run);
  one.begin =
      trace.gap * static_cast<std::int64_t>(drawn % (static_cast<std::uint64_t>(spare) + 1));
  one.length = question.windows->length;
  return one;
}

void Runs::run(const NamedPolicy& policy, std::uint32_t number) {
  projections::TraceQuestion one = question_of(question_, trace_, number);
  one.policy = policy.policy;
  one.targets = targets_;
  if (!question_.load) return score_.add(run_trace(one));
  projections::RequestQueue queue(question_.load->requests, question_.load->series, one.warm_up);
  projections::TraceWatch watch;
  watch.ready = [&](const projections::ReadySpan& span) { queue.serve(span); };
  score_.add(run_trace(one, watch));
  requests_.add(queue.finish(one.length.value_or(trace_.length() - one.begin)));
}

void set_bound(const SimulationQuestion& question, const projections::SpotTrace& trace,
               TraceResult& result) {
  const auto& base = question.base;
  result.is_exact = projections::is_binary(trace) && !base.is_literal;
  result.bound = result.is_exact
                     ? projections::omniscient_cost(trace, base.cold_start,
                                                    base.on_demand_ratio_milli, base.warm_up)
                     : projections::least_thinkable_cost(trace, base.target, base.cold_start,
                                                         base.on_demand_ratio_milli, base.warm_up);
}

}  // namespace

Result<Windows> parse_windows(const std::string& text) {
  const Error wrong{ErrorCode::usage, "--windows " + text + ": say COUNTxHOURS, for example 10x24"};
  const std::size_t cross = text.find_first_of("xX");
  if (cross == std::string::npos) return wrong;
  Windows windows;
  std::uint32_t hours = 0;
  const auto read = [](const char* begin, const char* end, std::uint32_t& value) {
    const auto [stop, failed] = std::from_chars(begin, end, value);
    return failed == std::errc{} && stop == end;
  };
  const char* begin = text.data();
  if (!read(begin, begin + cross, windows.count) ||
      !read(begin + cross + 1, begin + text.size(), hours) || windows.count == 0 ||
      windows.count > most_windows || hours < 2 || hours > longest_window_hours)
    return wrong;
  windows.length = core::seconds(std::int64_t{hours} * 3600);
  return windows;
}

Result<projections::LoadSeries> parse_load(const std::string& text, Duration gap) {
  constexpr double highest = 1e9;  // requests a second
  projections::LoadSeries series;
  series.gap = gap;
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    const std::size_t end = line.find_last_not_of(" \t\r") + 1;
    double rate = 0;
    const auto [stop, failed] = std::from_chars(line.data() + begin, line.data() + end, rate);
    if (failed != std::errc{} || stop != line.data() + end || !(rate >= 0) || rate > highest)
      return Error{ErrorCode::invalid_input, "line " + std::to_string(number) + ": \"" +
                                                 line.substr(begin, end - begin) +
                                                 "\" is no number of requests a second"};
    series.requests.push_back(static_cast<std::uint64_t>(
        std::llround(rate * static_cast<double>(core::whole_seconds(gap)))));
  }
  if (series.requests.empty())
    return Error{ErrorCode::invalid_input, "no line holds a number of requests a second"};
  return series;
}

Result<std::vector<TraceResult>> simulate(
    const SimulationQuestion& question,
    const std::function<void(std::uint32_t, std::uint32_t)>& progress) {
  const std::uint32_t runs = runs_of(question);
  const auto all =
      static_cast<std::uint32_t>(question.traces.size() * question.policies.size() * runs);
  std::uint32_t done = 0;
  std::vector<TraceResult> results;
  for (const projections::SpotTrace& trace : question.traces) {
    const Duration needed = question.windows ? question.windows->length : core::seconds(7200);
    if (trace.length() < needed)
      return Error{ErrorCode::invalid_input,
                   trace.name + " has " + std::to_string(core::whole_seconds(trace.length())) +
                       " s; a window needs " + std::to_string(core::whole_seconds(needed)) +
                       " s (the first hour does not count)"};
    TraceResult result{.trace = trace.name, .policies = {}};
    result.zones = static_cast<std::uint32_t>(trace.zones.size());
    result.length = trace.length();
    std::vector<projections::TargetChange> targets;
    if (question.load)
      targets = follow_load(question.load->series, question.load->policy,
                            question.windows ? question.windows->length : trace.length());
    else
      set_bound(question, trace, result);
    for (const NamedPolicy& policy : question.policies) {
      Runs all_runs(question, trace, targets);
      for (std::uint32_t run = 0; run < runs; ++run) {
        all_runs.run(policy, run);
        if (progress) progress(++done, all);
      }
      result.policies.push_back(all_runs.result(policy));
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace sky::cli
