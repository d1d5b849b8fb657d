// The fleet that a policy of the whole fleet plans for one service (projections/market_question.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/offer.h"
#include "core/time.h"

namespace sky::projections {

// One spot offer. Replicas that wait for a place are held by none.
struct MarketShare {
  core::Offer offer;
  std::uint32_t held = 0;  // live replicas that were launched there
  std::uint32_t wanted = 0;
  core::Duration up{0};  // of the zone, as far as we know
  std::int64_t hazard_micro = 0;  // an hour
  std::optional<core::Instant> closed_until;  // a block: no launch there before
};

struct MarketFleet {
  std::vector<MarketShare> shares;  // in the order of preference
  std::uint32_t on_demand = 0;  // wanted
  std::uint32_t waiting = 0;  // spot replicas without a place that are kept for the next try
  std::int64_t cost = 0;  // of the plan, 10^-6 hours of the cheapest spot replica an hour
  std::int64_t risk = 0;  // likewise
  core::Instant look_again;  // time alone may change the plan then

  std::uint32_t spot() const;  // wanted, those that wait included
  std::uint32_t missing() const;  // launches it wants now
};

}  // namespace sky::projections
