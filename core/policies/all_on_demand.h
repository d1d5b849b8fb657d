// All on demand: as many on-demand replicas as are wanted, no spot machine. What every cost is
// compared with.
#pragma once

#include "core/policies/market_view.h"

namespace sky::core {

MarketPlan plan_all_on_demand(const MarketView& view);

}  // namespace sky::core
