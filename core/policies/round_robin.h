// Round robin: N spot replicas; each missing one goes to the zone whose last try is longest ago.
// Source: the baseline of the SkyServe paper (EuroSys 2025): the zone after the last one tried.
#pragma once

#include "core/policies/market_view.h"

namespace sky::core {

MarketPlan plan_round_robin(const MarketView& view);

}  // namespace sky::core
