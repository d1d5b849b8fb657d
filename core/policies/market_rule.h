// The placement policies and their parameters as one value: what `skyctl simulate --policy` and
// `replica_policy.placement` of a service file name (core/policies/policy_name.h).
#pragma once

#include <cstdint>

#include "core/time.h"

namespace sky::core {

enum class MarketRule : std::uint8_t {
  unknown,  // of a newer version: everything on demand
  all_on_demand,
  even_spread,
  round_robin,
  static_mixture,
  spot_hedge,
  age_gated,
  hazard_hedge
};

// What a shortage is worth, in spot replica hours, per expected loss that leaves us short (`any`),
// per share of the target missing (`share`), and per its square. core/policies/plan_search.h.
struct RiskWeights {
  std::int64_t any = 0;
  std::int64_t share = 0;
  std::int64_t square = 0;
  bool operator==(const RiskWeights&) const = default;
};

// An hour without enough replicas is worth 40 spot replica hours. A choice: public traces show the
// price of the next point of availability rise steeply from there on where zones go whole.
inline constexpr RiskWeights economical_weights{40, 0, 0};
// For interactive services: what is lost at once counts by its square, since requests queue.
inline constexpr RiskWeights safe_weights{20, 0, 300};

// Where an availability is stated the weights are multiplied as it demands: a balanced start.
inline constexpr RiskWeights tracked_weights{60, 60, 0};

struct MarketPolicy {
  MarketRule rule = MarketRule::hazard_hedge;
  std::uint32_t extra = 1;  // spot_hedge, age_gated: constant extra spot replicas
  bool forgives_late = false;  // spot_hedge: the rule of the authors' simulator
  std::uint32_t fixed_on_demand = 1;  // static_mixture
  RiskWeights weights = economical_weights;  // hazard_hedge
  std::uint32_t availability_ppm = 0;  // hazard_hedge: 995000 is 99.5 %; 0: weights as they are
  bool knows_age = true;  // hazard_hedge: false: a constant hazard (to see what age is worth)
  bool splits = false;  // hazard_hedge: no zone holds more than half of the target if two are up
  Duration probe_every{0};  // zones we are not in are asked that often; 0: never
  bool operator==(const MarketPolicy&) const = default;
};

}  // namespace sky::core
