// Which zone the next spot replica goes to, by Algorithm 1 of the SkyServe paper: of the zones that
// are open and did not take a machine from us those that hold none of ours, of these the cheapest;
// else the cheapest that did not; else, where the paper is silent, the cheapest open one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "core/policies/market_view.h"

namespace sky::core {

struct ZoneChoice {
  bool is_open = true;
  bool is_preempting = false;
  std::uint32_t replicas = 0;  // spot replicas of ours there
  std::int64_t price = 0;
  std::uint32_t turns = 0;  // how often it was chosen in this round: among equals each has its turn
  std::uint32_t rank = 0;  // among the rest the smaller comes first

  auto order() const { return std::tuple(price, turns, rank); }
};

std::vector<ZoneChoice> zone_choices(const MarketView& view);  // no turn taken yet

enum class HedgeStep : std::uint8_t { unused, available, any, none };  // which rule chose

struct HedgedZone {
  std::optional<std::size_t> index;
  HedgeStep step = HedgeStep::none;
};

HedgedZone hedged_zone(std::span<const ZoneChoice> zones);

}  // namespace sky::core
