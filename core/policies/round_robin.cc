#include "core/policies/round_robin.h"

#include <algorithm>
#include <numeric>

namespace sky::core {

MarketPlan plan_round_robin(const MarketView& view) {
  MarketPlan plan;
  std::uint32_t held = 0;
  std::vector<std::size_t> turn;
  for (std::size_t i = 0; i < view.zones.size(); ++i) {
    plan.spot.push_back(view.zones[i].held());
    held += view.zones[i].held();
    if (view.zones[i].is_open) turn.push_back(i);
  }
  std::stable_sort(turn.begin(), turn.end(), [&](std::size_t a, std::size_t b) {
    return view.zones[a].belief->tried < view.zones[b].belief->tried;
  });
  for (std::size_t i = 0; held < view.target && !turn.empty(); ++i, ++held)
    ++plan.spot[turn[i % turn.size()]];
  for (std::size_t i = plan.spot.size(); held > view.target && i > 0; --i) {
    const std::uint32_t dropped = std::min(plan.spot[i - 1], held - view.target);
    plan.spot[i - 1] -= dropped;
    held -= dropped;
  }
  return plan;
}

}  // namespace sky::core
