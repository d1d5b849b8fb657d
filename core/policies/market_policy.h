// Which placement policy answers.
//
// They plan a whole fleet at once. The control plane asks them for services that name one
// (projections/market_question.h), the simulator for weeks of a trace
// (projections/simulation/trace_run.h).
#pragma once

#include "core/policies/market_rule.h"
#include "core/policies/market_view.h"

namespace sky::core {

MarketPlan plan_market(const MarketPolicy& policy, const MarketView& view);

}  // namespace sky::core
