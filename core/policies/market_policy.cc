#include "core/policies/market_policy.h"

#include "core/policies/age_gated.h"
#include "core/policies/all_on_demand.h"
#include "core/policies/even_spread.h"
#include "core/policies/hazard_hedge.h"
#include "core/policies/round_robin.h"
#include "core/policies/spot_hedge.h"

namespace sky::core {

MarketPlan plan_market(const MarketPolicy& policy, const MarketView& view) {
  if (view.zones.empty() || view.target == 0) return plan_all_on_demand(view);
  switch (policy.rule) {
    case MarketRule::unknown:
    case MarketRule::all_on_demand: break;
    case MarketRule::even_spread: return plan_fixed_shares(view, view.target, 0);
    case MarketRule::round_robin: return plan_round_robin(view);
    case MarketRule::static_mixture: {
      const std::uint32_t fixed = std::min(policy.fixed_on_demand, view.target);
      return plan_fixed_shares(view, view.target - fixed + policy.extra, fixed);
    }
    case MarketRule::spot_hedge: return plan_spot_hedge(view, policy.extra);
    case MarketRule::age_gated: return plan_age_gated(view, policy.extra);
    case MarketRule::hazard_hedge: return plan_hazard_hedge(policy, view);
  }
  return plan_all_on_demand(view);
}

}  // namespace sky::core
