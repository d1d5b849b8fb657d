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

std::vector<ReplicaId> downscale_order(std::vector<DownscaleCandidate> candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return key(a) != key(b) ? key(a) < key(b) : a.id > b.id;
  });
  std::vector<ReplicaId> order;
  for (const DownscaleCandidate& one : candidates) order.push_back(one.id);
  return order;
}

}  // namespace sky::core
