// Fixed shares of the zones, whatever happens there: retried in place for ever.
//
//   even spread     N spot replicas, one more in the first N mod Z zones (spot groups of the
//                   clouds)
//   static mixture  `on_demand` on-demand replicas besides, and `spot` spot replicas spread the
//                   same way (Auto Scaling groups with a base capacity)
// Source: the baselines of the SkyServe paper (EuroSys 2025), without their limit to one region.
#pragma once

#include "core/policies/market_view.h"

namespace sky::core {

MarketPlan plan_fixed_shares(const MarketView& view, std::uint32_t spot, std::uint32_t on_demand);

}  // namespace sky::core
