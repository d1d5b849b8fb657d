#include "projections/load_history.h"

#include <algorithm>

#include "core/scale_vote.h"

namespace sky::projections {
namespace {

// A sample says how many requests run at its moment. It holds for this long, because the next
// sample may come a little late.
constexpr std::int64_t running_holds_seconds = 2;

std::int64_t seconds_up(core::Duration duration) {
  const std::int64_t us = std::max<std::int64_t>(duration.count(), 0);
  return std::min((us + 999'999) / 1'000'000, longest_look_back);
}

LoadSecond& entry(LoadHistory& history, std::int64_t second) {
  auto& seconds = history.seconds;
  auto place = std::lower_bound(
      seconds.begin(), seconds.end(), second,
      [](const LoadSecond& one, std::int64_t value) { return one.second < value; });
  if (place == seconds.end() || place->second != second)
    place = seconds.insert(place, LoadSecond{second, 0, 0, 0});
  return *place;
}

}  // namespace

std::int64_t second_of(core::Instant at) {
  const std::int64_t us = at.time_since_epoch().count();
  return us >= 0 ? us / 1'000'000 : -((-us + 999'999) / 1'000'000);
}

core::Instant start_of(std::int64_t second) { return core::Instant(core::seconds(second)); }

void add_sample(LoadHistory& history, const core::TrafficSampled& sample, core::Instant at) {
  const std::int64_t last = second_of(at);
  // A sample of a long period (the daemon was away) is spread evenly over it.
  const std::int64_t spread =
      std::max<std::int64_t>(1, (sample.period.count() + 500'000) / 1'000'000);
  const std::int64_t parts = std::min(spread, longest_look_back);
  for (std::int64_t i = 0; i < parts; ++i) {
    const auto arrivals = static_cast<std::uint64_t>(sample.arrivals) *
                              static_cast<std::uint64_t>(i + 1) /
                              static_cast<std::uint64_t>(parts) -
                          static_cast<std::uint64_t>(sample.arrivals) *
                              static_cast<std::uint64_t>(i) / static_cast<std::uint64_t>(parts);
    if (arrivals > 0) entry(history, last - parts + 1 + i).arrivals += arrivals;
  }
  LoadSecond& now = entry(history, last);
  now.in_flight = sample.in_flight;
  now.held = sample.held;
}

void add_held(LoadHistory& history, std::uint32_t waiting, core::Instant at) {
  LoadSecond& now = entry(history, second_of(at));
  now.held = std::max(now.held, waiting);
}

void trim(LoadHistory& history, const core::ReplicaPolicy& policy, core::Instant now) {
  const std::int64_t delay = seconds_up(std::max(policy.upscale_delay, policy.downscale_delay)) + 1;
  const std::int64_t kept = std::min(seconds_up(policy.qps_window) + delay + 1, longest_look_back);
  const std::int64_t oldest = second_of(now) - kept;
  while (!history.seconds.empty() && history.seconds.front().second < oldest)
    history.seconds.pop_front();
}

void mark_blind(LoadHistory& history, std::int64_t from, std::int64_t to) {
  const bool touches = from <= history.blind_to && history.blind_from <= to;
  if (!touches || history.blind_to <= history.blind_from) history.blind_from = from;
  history.blind_to = std::max(to, touches ? history.blind_to : to);
}

std::vector<core::Load> loads_at(const LoadHistory& history, core::Duration window,
                                 std::int64_t last, std::size_t count) {
  const std::int64_t width = std::max<std::int64_t>(1, seconds_up(window));
  std::vector<core::Load> loads(count);
  auto enters = history.seconds.begin(), leaves = enters;
  core::Load load;
  std::int64_t sampled = last - static_cast<std::int64_t>(count) - 2 * running_holds_seconds;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t second = last - static_cast<std::int64_t>(count - 1 - i);
    for (; enters != history.seconds.end() && enters->second <= second; ++enters) {
      load.arrivals += enters->arrivals;
      load.in_flight = enters->in_flight;
      load.held = enters->held;
      sampled = enters->second;
    }
    for (; leaves != enters && leaves->second <= second - width; ++leaves)
      load.arrivals -= leaves->arrivals;
    if (sampled < second - running_holds_seconds) load.in_flight = load.held = 0;
    loads[i] = load;
  }
  return loads;
}

}  // namespace sky::projections
