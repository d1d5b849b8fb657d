// Policies as a person types them: NAME, or NAME:key=value,key=value. `skyctl simulate --policy`
// and `replica_policy.placement` of a service file take the same. There static_mixture and
// spot_hedge have their numbers from SkyServe's keys, and `availability` may stand beside
// `placement`.
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

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/policies/market_rule.h"
#include "core/result.h"
#include "core/spec.h"

namespace sky::core {

// Errors: invalid_input; the text names what is allowed.
Result<MarketPolicy> parse_policy(std::string_view text);

// "99.5" percent as 995000 parts of a million. From 50 to 99.9999.
Result<std::uint32_t> parse_availability(std::string_view text);

// The weights follow it from now on; economical ones give way to balanced ones.
void follow_availability(MarketPolicy& policy, std::uint32_t availability_ppm);

// As it is typed, with the keys that differ from the name's own: parse_policy gives it back.
std::string to_text(const MarketPolicy& policy);

// As `replica_policy.placement` says it.
std::string placement_text(const ReplicaPolicy& policy);

const std::vector<std::string>& policy_names();

}  // namespace sky::core
