#include "core/policies/even_spread.h"

#include <algorithm>

namespace sky::core {

MarketPlan plan_fixed_shares(const MarketView& view, std::uint32_t spot, std::uint32_t on_demand) {
  MarketPlan plan;
  const auto zones = static_cast<std::uint32_t>(view.zones.size());
  for (std::uint32_t zone = 0; zone < zones; ++zone) {
    const auto before = std::count_if(view.zones.begin(), view.zones.end(), [&](auto& other) {
      return std::pair(other.rank, &other) < std::pair(view.zones[zone].rank, &view.zones[zone]);
    });
    plan.spot.push_back(spot / zones + (before < spot % zones ? 1 : 0));
  }
  plan.on_demand = on_demand;
  return plan;
}

}  // namespace sky::core
