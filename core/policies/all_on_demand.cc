#include "core/policies/all_on_demand.h"

namespace sky::core {

MarketPlan plan_all_on_demand(const MarketView& view) {
  MarketPlan plan;
  plan.spot.assign(view.zones.size(), 0);
  plan.on_demand = view.target;
  return plan;
}

}  // namespace sky::core
