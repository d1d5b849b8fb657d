#include "projections/scale_signal.h"

#include <algorithm>

#include "core/autoscale_instance_aware.h"

namespace sky::projections {
namespace {

std::vector<core::MilliRps> live_capacities(const ServiceState& service) {
  const auto& targets = service.spec().replicas.target_qps_per_accelerator;
  std::vector<core::MilliRps> live;
  if (targets.empty()) return live;
  for (const auto& [id, replica] : service.replicas)
    if (core::is_live(replica.phase) && replica.version == service.version)
      live.push_back(replica.attempt == 0 ? core::best_capacity(targets)
                                          : core::capacity_of(targets, replica.offer.accelerator));
  return live;
}

}  // namespace

ScaleSignal::ScaleSignal(const ServiceState& service, core::Instant now)
    : service_(service),
      policy_(service.spec().replicas),
      second_(second_of(now)),
      is_scaled_(core::is_autoscaled(policy_)) {
  if (!is_scaled_) return;
  load_ = loads_at(service.load, policy_.qps_window, second_, 1).front();
  capacities_ = live_capacities(service);
}

std::uint32_t ScaleSignal::wanted(const core::Load& load) const {
  if (!is_scaled_) return policy_.min_replicas;
  if (policy_.target_qps_per_accelerator.empty())
    return core::wanted_by_request_rate(policy_, load);
  return core::wanted_by_capacity(policy_, load, capacities_);
}

std::uint32_t ScaleSignal::limited(const core::Load& load) const {
  return core::within_limits(policy_, wanted(load));
}

core::Duration ScaleSignal::delay(core::Direction direction) const {
  return direction == core::Direction::up ? policy_.upscale_delay : policy_.downscale_delay;
}

core::Duration ScaleSignal::due(core::Direction direction) const {
  return std::min(delay(direction), core::seconds(longest_look_back - 2));
}

std::vector<std::uint32_t> ScaleSignal::evaluations(core::Direction direction) const {
  const std::int64_t known = second_ - second_of(service_.target_since) + 1;
  const auto count = std::min(core::evaluations_due(due(direction)),
                              static_cast<std::size_t>(std::max<std::int64_t>(known, 1)));
  std::vector<std::uint32_t> series;
  std::int64_t second = second_ - static_cast<std::int64_t>(count) + 1;
  for (const core::Load& load : loads_at(service_.load, policy_.qps_window, second_, count)) {
    std::uint32_t one = limited(load);
    if (direction == core::Direction::down && service_.load.is_blind(second))
      one = std::max(one, service_.target);
    series.push_back(one);
    ++second;
  }
  return series;
}

core::Vote ScaleSignal::vote(core::Direction direction) const {
  return core::count_votes(evaluations(direction), service_.target, direction, due(direction));
}

}  // namespace sky::projections
