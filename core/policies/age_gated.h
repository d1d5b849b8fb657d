// Age-gated SpotHedge: SpotHedge whose extra replicas exist only while a zone in use is young.
//
//   pooled hazard H = sum over zones in use of 1 / (age + 0.8 h)
//   extra = 0 if ready spot >= N and H < 0.2 an hour, else E; the youngest zone gives them up
//   a replacement goes to the oldest zone in use if that is 2 h old and took nothing for 10
//   minutes, else by Algorithm 1; on demand as SpotHedge with the extra of the moment
// Source: the numbers are a choice of ours; the hazard is the fit of zone_belief.h without frailty.
#pragma once

#include "core/policies/market_view.h"

namespace sky::core {

MarketPlan plan_age_gated(const MarketView& view, std::uint32_t extra);

}  // namespace sky::core
