#include "cli/simulate.h"

#include <charconv>

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
    set_bound(question, trace, result);
    for (const NamedPolicy& policy : question.policies) {
      Mean mean;
      for (std::uint32_t run = 0; run < runs; ++run) {
        projections::TraceQuestion one = question_of(question, trace, run);
        one.policy = policy.policy;
        mean.add(run_trace(one));
        if (progress) progress(++done, all);
      }
      PolicyResult line{.policy = policy.text, .score = mean.mean()};
      if (line.score.cost > 0) line.on_demand_share = line.score.on_demand_cost / line.score.cost;
      result.policies.push_back(std::move(line));
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace sky::cli
