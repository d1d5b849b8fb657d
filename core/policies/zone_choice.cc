#include "core/policies/zone_choice.h"

namespace sky::core {
namespace {

std::optional<std::size_t> cheapest(std::span<const ZoneChoice> zones, auto&& may_use) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (!zones[i].is_open || !may_use(zones[i])) continue;
    if (!best || zones[i].order() < zones[*best].order()) best = i;
  }
  return best;
}

}  // namespace

std::vector<ZoneChoice> zone_choices(const MarketView& view) {
  std::vector<ZoneChoice> zones;
  for (const ZoneView& zone : view.zones)
    zones.push_back({.is_open = zone.is_open,
                     .is_preempting = zone.is_preempting,
                     .replicas = zone.held(),
                     .price = zone.price,
                     .rank = zone.rank});
  return zones;
}

HedgedZone hedged_zone(std::span<const ZoneChoice> zones) {
  const auto is_available = [](const ZoneChoice& zone) { return !zone.is_preempting; };
  const auto is_unused = [&](const ZoneChoice& zone) {
    return is_available(zone) && zone.replicas == 0;
  };
  if (const auto zone = cheapest(zones, is_unused)) return {zone, HedgeStep::unused};
  if (const auto zone = cheapest(zones, is_available)) return {zone, HedgeStep::available};
  if (const auto zone = cheapest(zones, [](const ZoneChoice&) { return true; }))
    return {zone, HedgeStep::any};
  return {};
}

}  // namespace sky::core
