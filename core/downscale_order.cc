#include "core/downscale_order.h"

#include <algorithm>
#include <tuple>

namespace sky::core {
namespace {

// How much is lost: nothing is running yet, a machine is on its way, a server starts, it serves.
int readiness(Phase phase) {
  switch (phase) {
    case Phase::pending: return 0;
    case Phase::provisioning: return 1;
    case Phase::starting: return 2;
    case Phase::not_ready: return 3;
    default: return 4;
  }
}

auto key(const DownscaleCandidate& one) {
  return std::tuple(readiness(one.phase), one.is_outdated ? 0 : 1, one.capacity.value,
                    -one.price.micro_usd_per_hour, one.in_flight);
}

}  // namespace

DownscaleTrait deciding_trait(const DownscaleCandidate& one, const DownscaleCandidate& other) {
  const auto left = key(one), right = key(other);
  if (std::get<0>(left) != std::get<0>(right)) return DownscaleTrait::readiness;
  if (std::get<1>(left) != std::get<1>(right)) return DownscaleTrait::outdated;
  if (std::get<2>(left) != std::get<2>(right)) return DownscaleTrait::capacity;
  if (std::get<3>(left) != std::get<3>(right)) return DownscaleTrait::price;
  if (std::get<4>(left) != std::get<4>(right)) return DownscaleTrait::in_flight;
  return DownscaleTrait::newest;
}

std::vector<ReplicaId> downscale_order(std::vector<DownscaleCandidate> candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return key(a) != key(b) ? key(a) < key(b) : a.id > b.id;
  });
  std::vector<ReplicaId> order;
  for (const DownscaleCandidate& one : candidates) order.push_back(one.id);
  return order;
}

}  // namespace sky::core
