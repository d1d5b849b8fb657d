#include "projections/simulation/trace_bound.h"

#include <algorithm>
#include <set>

namespace sky::projections {
namespace {

struct Span {
  core::Duration begin{0}, end{0};
};

// The times in which a zone has capacity.
std::vector<Span> up_spans(const SpotTrace& trace, const std::vector<std::uint32_t>& row) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == 0) continue;
    const core::Duration begin = trace.gap * static_cast<std::int64_t>(i);
    if (!spans.empty() && spans.back().end == begin)
      spans.back().end = begin + trace.gap;
    else
      spans.push_back({begin, begin + trace.gap});
  }
  return spans;
}

// Of all zones, machines that were there for the whole time up to that moment.
std::uint32_t settled_machines(const SpotTrace& trace, core::Duration begin,
                               core::Duration moment) {
  const auto first = static_cast<std::size_t>(std::max(begin, core::Duration{0}) / trace.gap);
  const auto last = std::min(static_cast<std::size_t>(moment / trace.gap), trace.samples() - 1);
  std::uint64_t machines = 0;
  for (const auto& row : trace.capacity)
    machines += *std::min_element(row.begin() + static_cast<std::ptrdiff_t>(first),
                                  row.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(machines, 1'000'000));
}

}  // namespace

bool is_binary(const SpotTrace& trace) {
  return std::all_of(trace.capacity.begin(), trace.capacity.end(), [](const auto& row) {
    return std::all_of(row.begin(), row.end(), [](auto count) { return count <= 1; });
  });
}

double least_thinkable_cost(const SpotTrace& trace, std::uint32_t target, core::Duration cold_start,
                            std::int64_t on_demand_ratio_milli, core::Duration warm_up) {
  if (trace.length() <= warm_up || target == 0) return 0;
  std::set<core::Duration> moments{warm_up, trace.length()};
  for (std::size_t i = 1; i < trace.samples(); ++i) {
    const core::Duration at = trace.gap * static_cast<std::int64_t>(i);
    for (const core::Duration moment : {at, at + cold_start})
      if (moment > warm_up && moment < trace.length()) moments.insert(moment);
  }
  const double ratio = static_cast<double>(on_demand_ratio_milli) / 1000;
  double spent = 0;
  for (auto moment = moments.begin(); std::next(moment) != moments.end(); ++moment) {
    const std::uint32_t spot =
        std::min(target, settled_machines(trace, *moment - cold_start, *moment));
    const double passed = static_cast<double>((*std::next(moment) - *moment).count());
    spent += passed * (spot + ratio * (target - spot));
  }
  return spent / (ratio * target * static_cast<double>((trace.length() - warm_up).count()));
}

double omniscient_cost(const SpotTrace& trace, core::Duration cold_start,
                       std::int64_t on_demand_ratio_milli, core::Duration warm_up) {
  if (trace.length() <= warm_up) return 0;
  std::vector<std::vector<Span>> zones;
  std::set<core::Duration> moments{warm_up, trace.length()};
  for (const auto& row : trace.capacity) {
    zones.push_back(up_spans(trace, row));
    for (const Span& span : zones.back())
      for (const core::Duration moment : {span.begin, span.begin + cold_start, span.end})
        if (moment > warm_up && moment < trace.length()) moments.insert(moment);
  }
  const double ratio = static_cast<double>(on_demand_ratio_milli) / 1000;
  const auto on_demand = zones.size();
  constexpr double never = 1e300;
  // Least cost so far of a lane that is served there. Before the warm-up ends nothing is billed.
  std::vector<double> cost(zones.size() + 1, 0), next(cost);
  std::vector<std::size_t> at(zones.size(), 0);
  for (auto moment = moments.begin(); std::next(moment) != moments.end(); ++moment) {
    const core::Duration begin = *moment, end = *std::next(moment);
    const double passed = static_cast<double>((end - begin).count());
    const double best = *std::min_element(cost.begin(), cost.end());
    const double cold = begin == warm_up ? 0 : static_cast<double>(cold_start.count());
    for (std::size_t zone = 0; zone < zones.size(); ++zone) {
      std::size_t& span = at[zone];
      while (span < zones[zone].size() && zones[zone][span].end <= begin) ++span;
      const bool serves = span < zones[zone].size() && zones[zone][span].end >= end &&
                          zones[zone][span].begin + cold_start <= begin;
      next[zone] = serves ? std::min(cost[zone], best + cold) + passed : never;
    }
    next[on_demand] = std::min(cost[on_demand], best + cold * ratio) + passed * ratio;
    std::swap(cost, next);
  }
  const double whole = static_cast<double>((trace.length() - warm_up).count()) * ratio;
  return *std::min_element(cost.begin(), cost.end()) / whole;
}

}  // namespace sky::projections
