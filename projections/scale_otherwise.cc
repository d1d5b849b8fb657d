#include "projections/scale_otherwise.h"

#include <span>
#include <vector>

#include "projections/scale_signal.h"

namespace sky::projections {
namespace {

using core::Direction;
using core::ScaleVerdict;

// More than any window holds; the rule counts no more either.
constexpr std::uint64_t most_requests = 4'000'000'000;

// The least number that `is_enough` accepts, when it accepts all larger ones, too.
std::optional<std::uint64_t> least(auto&& is_enough) {
  if (!is_enough(most_requests)) return {};
  std::uint64_t low = 0, high = most_requests;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (is_enough(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

std::optional<std::uint64_t> at_least_one(std::optional<std::uint64_t> count) {
  return count == 0U ? std::nullopt : count;
}

// None when not even one is needed: another signal asks for that many already.
std::optional<std::uint64_t> fewest_arrivals(const ScaleSignal& signal, std::uint32_t replicas) {
  return at_least_one(least([&](std::uint64_t arrivals) {
    core::Load load = signal.load();
    load.arrivals = arrivals;
    return signal.limited(load) >= replicas;
  }));
}

std::optional<std::uint64_t> fewest_running(const ScaleSignal& signal, std::uint32_t replicas) {
  return at_least_one(least([&](std::uint64_t running) {
    core::Load load = signal.load();
    load.in_flight = static_cast<std::uint32_t>(running);
    load.held = 0;
    return signal.limited(load) >= replicas;
  }));
}

std::optional<std::uint64_t> one_less(std::optional<std::uint64_t> arrivals) {
  if (!arrivals) return {};
  return *arrivals - 1;
}

// How long this load must go on until the vote is carried.
std::optional<core::Duration> left_until_carried(const ScaleSignal& signal, std::uint32_t target,
                                                 Direction direction) {
  const core::Duration due = signal.due(direction);
  const std::size_t count = core::evaluations_due(due);
  if (count > longest_forecast) return {};
  std::vector<std::uint32_t> series = signal.evaluations(direction);
  const std::uint32_t newest = signal.limited();
  for (std::size_t more = 0; more <= count; ++more) {
    const std::span<const std::uint32_t> all(series);
    if (core::count_votes(all.last(std::min(count, series.size())), target, direction, due)
            .is_carried)
      return core::seconds(static_cast<std::int64_t>(more));
    series.push_back(newest);
  }
  return {};
}

void add_wait(ScaleOtherwise& found, const ScaleSignal& signal, const core::ScaleEvaluated& event) {
  const bool is_up = event.verdict == ScaleVerdict::waiting_to_raise;
  if (!is_up && event.verdict != ScaleVerdict::waiting_to_lower) return;
  const Direction direction = is_up ? Direction::up : Direction::down;
  found.agreed = core::Duration(event.delay.count() / 100 * event.votes);
  found.left = left_until_carried(signal, event.target_after, direction);
}

}  // namespace

std::optional<std::uint64_t> fewest_arrivals_for(const ServiceState& service, core::Instant now,
                                                 std::uint32_t replicas) {
  return fewest_arrivals(ScaleSignal(service, now), replicas);
}

core::ScaleEvaluated standing_evaluation(const ServiceState& service, core::Instant now) {
  const ScaleSignal signal(service, now);
  core::ScaleEvaluated standing = service.last_evaluation;
  standing.target_before = standing.target_after = service.target;
  standing.wanted = signal.wanted();
  standing.verdict = ScaleVerdict::settled;
  const std::uint32_t limited = signal.limited();
  if (!signal.is_scaled() || limited == service.target) return standing;
  const Direction direction = limited > service.target ? Direction::up : Direction::down;
  standing.verdict =
      direction == Direction::up ? ScaleVerdict::waiting_to_raise : ScaleVerdict::waiting_to_lower;
  standing.votes = signal.vote(direction).percent;
  standing.delay = signal.delay(direction);
  return standing;
}

ScaleOtherwise scale_otherwise(const ServiceState& before, core::Instant now,
                               const core::ScaleEvaluated& event) {
  const ScaleSignal signal(before, now);
  const core::ReplicaPolicy& policy = before.spec().replicas;
  ScaleOtherwise found;
  found.is_scaled = signal.is_scaled();
  found.target = event.target_after;
  found.lower_limit = policy.min_replicas;
  found.upper_limit = policy.upper_limit();
  found.wanted = signal.wanted();
  if (!found.is_scaled) return found;
  found.arrivals = signal.load().arrivals;
  found.window = policy.qps_window;
  found.up_delay = policy.upscale_delay;
  found.down_delay = policy.downscale_delay;
  found.fewest_for_more = fewest_arrivals(signal, event.target_after + 1);
  if (event.target_after > found.lower_limit)
    found.most_for_fewer = one_less(fewest_arrivals(signal, event.target_after));
  if (event.verdict == ScaleVerdict::raised)
    found.most_to_stay = one_less(fewest_arrivals(signal, event.target_before + 1));
  if (event.verdict == ScaleVerdict::lowered)
    found.fewest_to_stay = fewest_arrivals(signal, event.target_before);
  if (policy.target_concurrency_per_replica)
    found.running_for_more = fewest_running(signal, event.target_after + 1);
  add_wait(found, signal, event);
  return found;
}

}  // namespace sky::projections
