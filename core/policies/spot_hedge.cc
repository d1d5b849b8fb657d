#include "core/policies/spot_hedge.h"

#include <algorithm>

#include "core/policies/zone_choice.h"

namespace sky::core {

MarketPlan plan_spot_hedge(const MarketView& view, std::uint32_t extra) {
  MarketPlan plan;
  std::vector<ZoneChoice> zones = zone_choices(view);
  std::uint32_t held = 0;
  for (const ZoneView& zone : view.zones) {
    plan.spot.push_back(zone.held());
    held += zone.held();
  }
  const std::uint32_t wanted = view.target + extra;
  for (; held < wanted; ++held) {
    const auto zone = hedged_zone(zones).index;
    if (!zone) break;
    ++plan.spot[*zone];
    ++zones[*zone].replicas;
    ++zones[*zone].turns;
  }
  for (; held > wanted; --held) --*std::max_element(plan.spot.begin(), plan.spot.end());
  const std::uint32_t ready = std::min(total_ready(view), wanted);
  plan.on_demand = std::min(view.target, wanted - ready);
  return plan;
}

}  // namespace sky::core
