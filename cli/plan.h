// The plan of a service as values: its pools, the offers for each, and what they may cost.
//
// It says what the placer would do if everything were free now; it does not decide. Any thread;
// pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/offer.h"
#include "core/spec.h"

namespace sky::cli {

struct PlannedOffer {
  core::Offer offer;
  bool chosen = false;
};

struct PoolPlan {
  core::Pool pool = core::Pool::unknown;
  std::string title;  // "Base pool"
  bool spot = false;
  std::uint32_t least = 0;  // replicas, as the target moves
  std::uint32_t most = 0;
  bool forbidden = false;  // offers exist, all billed, and billed ones are not allowed
  std::vector<PlannedOffer> offers;
};

struct Plan {
  std::vector<PoolPlan> pools;
  core::Price least_cost, most_cost;
  core::Price least_on_demand, most_on_demand;  // were the same spot machines on-demand
  bool has_spot = false;
  std::optional<core::Offer> overflow;  // where a base replica goes when the cluster is full
  bool overflow_allowed = true;
  bool sandbox = false;
};

// `offers`: preferred first, as core::matching_offers() gives them.
Plan make_plan(const core::ServiceSpec& spec, const std::vector<core::Offer>& offers);

}  // namespace sky::cli
