// Policies as a person types them: NAME, or NAME:key=value,key=value.
//
//   all_on_demand
//   even_spread
//   round_robin
//   static_mixture      on_demand=1 extra=0
//   spot_hedge          extra=1 rule=printed|artifact
//   age_gated           extra=1
//   hazard_hedge        any=40 share=0 square=0 (weights of risk), age=1, split=0, probe=SECONDS,
//                       availability=99.5 (weights follow it)
//   hazard_hedge_safe   the same with weights for interactive services
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/policies/market_policy.h"
#include "core/result.h"

namespace sky::core {

// Errors: invalid_input; the text names what is allowed.
Result<MarketPolicy> parse_policy(std::string_view text);

const std::vector<std::string>& policy_names();

}  // namespace sky::core
