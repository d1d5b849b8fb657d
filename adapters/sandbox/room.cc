#include "adapters/sandbox/room.h"

#include <algorithm>
#include <array>

namespace sky::adapters::sandbox {
namespace {

core::Failure refusal(core::FailureKind kind, std::string text) {
  return {kind, core::FailureScope::zone, std::move(text), core::Duration{0}};
}

core::Failure full(const CatalogCloud& cloud, const core::Offer& offer) {
  const std::string& zone = offer.place.zone;
  if (cloud.name == "aws") {
    return refusal(core::FailureKind::capacity,
                   "InsufficientInstanceCapacity: We currently do not have sufficient " +
                       offer.instance_type + " capacity in the Availability Zone you requested (" +
                       zone + ").");
  }
  return refusal(core::FailureKind::capacity,
                 "ZONE_RESOURCE_POOL_EXHAUSTED: The zone '" + zone +
                     "' does not have enough resources available to fulfill the request for " +
                     offer.instance_type + ".");
}

struct FreeNode {
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  std::uint32_t accelerators = 0;
};

void take(std::uint32_t& free, std::uint32_t used) { free -= std::min(free, used); }

std::vector<FreeNode> free_nodes(const ClusterNodes& nodes,
                                 const std::vector<const MachineOrder*>& held) {
  std::vector<FreeNode> free(nodes.count, {nodes.vcpus, nodes.memory_mib, nodes.accelerator.count});
  for (const MachineOrder* order : held) {
    if (order->node >= free.size()) continue;
    FreeNode& node = free[order->node];
    take(node.vcpus, order->offer.vcpus);
    take(node.memory_mib, order->offer.memory_mib);
    take(node.accelerators, order->offer.accelerator.count);
  }
  return free;
}

std::variant<std::uint32_t, core::Failure> find_node(const CatalogCloud& cloud,
                                                     const core::Offer& offer,
                                                     const std::vector<const MachineOrder*>& held) {
  const auto nodes = free_nodes(cloud.nodes, held);
  std::array<std::uint32_t, 3> short_of{};  // nodes that lack a thing, as the scheduler counts
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    const bool has_vcpus = nodes[i].vcpus >= offer.vcpus;
    const bool has_memory = nodes[i].memory_mib >= offer.memory_mib;
    const bool has_accelerators = nodes[i].accelerators >= offer.accelerator.count;
    if (has_vcpus && has_memory && has_accelerators) return i;
    short_of[0] += has_vcpus ? 0U : 1U;
    short_of[1] += has_memory ? 0U : 1U;
    short_of[2] += has_accelerators ? 0U : 1U;
  }
  constexpr std::array<const char*, 3> things{"cpu", "memory", "nvidia.com/gpu"};
  std::string reasons;
  for (std::size_t i = 0; i < things.size(); ++i) {
    if (short_of[i] == 0) continue;
    reasons +=
        (reasons.empty() ? "" : ", ") + std::to_string(short_of[i]) + " Insufficient " + things[i];
  }
  return refusal(core::FailureKind::capacity,
                 "0/" + std::to_string(nodes.size()) + " nodes are available: " + reasons + ".");
}

}  // namespace

const CatalogOffer* find_offer(const CatalogCloud& cloud, const core::Offer& offer) {
  for (const CatalogOffer& entry : cloud.offers) {
    if (entry.offer.place == offer.place && entry.offer.instance_type == offer.instance_type &&
        entry.offer.market == offer.market) {
      return &entry;
    }
  }
  return nullptr;
}

core::Failure not_sold(const CatalogCloud& cloud, const core::Offer& offer) {
  const std::string where = offer.place.zone.empty() ? offer.place.region : offer.place.zone;
  return refusal(core::FailureKind::unsupported,
                 "Unsupported: " + cloud.name + " does not sell " + offer.instance_type +
                     (offer.is_spot() ? " as spot" : "") + " in " + where + ".");
}

std::variant<std::uint32_t, core::Failure> find_room(const CatalogCloud& cloud,
                                                     const core::Offer& offer,
                                                     const std::vector<const MachineOrder*>& held,
                                                     std::uint32_t capacity) {
  if (cloud.nodes.count > 0) return find_node(cloud, offer, held);
  const auto same = std::count_if(held.begin(), held.end(), [&](const MachineOrder* order) {
    return order->offer.place == offer.place && order->offer.instance_type == offer.instance_type &&
           order->offer.market == offer.market;
  });
  if (same >= static_cast<std::ptrdiff_t>(capacity)) return full(cloud, offer);
  return std::uint32_t{0};
}

std::string notice_text(const CatalogCloud& cloud, const core::Offer& offer) {
  const std::string where = offer.instance_type + " in " + offer.place.zone;
  if (cloud.name == "aws") return "EC2 spot instance interruption notice: terminate, " + where;
  if (cloud.name == "gcp") return "Compute Engine preemption notice: " + where;
  return "The node is being drained: the pod is evicted";
}

}  // namespace sky::adapters::sandbox
