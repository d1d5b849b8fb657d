#include "core/policies/age_gated.h"

#include <algorithm>

#include "core/policies/zone_choice.h"

namespace sky::core {
namespace {

constexpr std::int64_t calm_hazard_micro = 200'000;
constexpr Duration old_age = seconds(7200);
constexpr Duration wary_time = seconds(600);
constexpr Duration look_again_after = seconds(300);  // ages grow slowly

// Of our own machines: a zone is as old as the first of ours that is still there.
Duration age_in_use(const ZoneView& zone, Instant now) {
  return zone.belief->watched_since ? now - *zone.belief->watched_since : Duration{0};
}

std::optional<std::size_t> oldest_trusted(const MarketView& view) {
  std::optional<std::size_t> oldest;
  for (std::size_t i = 0; i < view.zones.size(); ++i) {
    const ZoneView& zone = view.zones[i];
    const Duration age = age_in_use(zone, view.now);
    const auto& taken = zone.belief->taken;
    const auto& full = zone.belief->room_seen;
    if (zone.confirmed() == 0 || !zone.is_open || age < old_age) continue;
    if (taken && view.now - *taken < wary_time) continue;
    if (full && view.now - *full < wary_time) continue;
    if (!oldest || age > age_in_use(view.zones[*oldest], view.now)) oldest = i;
  }
  return oldest;
}

bool is_calm(const MarketView& view) {
  if (total_ready(view) < view.target) return false;
  std::int64_t pooled = 0;
  for (const ZoneView& zone : view.zones)
    if (zone.held() > 0)
      pooled +=
          1'000'000 * seconds_an_hour / (whole_seconds(age_in_use(zone, view.now)) + young_seconds);
  return pooled < calm_hazard_micro;
}

void drop_youngest(const MarketView& view, std::vector<std::uint32_t>& spot) {
  std::optional<std::size_t> youngest;
  for (std::size_t i = 0; i < spot.size(); ++i)
    if (spot[i] > 0 && (!youngest || age_in_use(view.zones[i], view.now) <
                                         age_in_use(view.zones[*youngest], view.now)))
      youngest = i;
  if (youngest) --spot[*youngest];
}

}  // namespace

MarketPlan plan_age_gated(const MarketView& view, std::uint32_t extra) {
  MarketPlan plan;
  plan.look_again = view.now + look_again_after;
  std::vector<ZoneChoice> zones = zone_choices(view);
  for (const ZoneView& zone : view.zones) plan.spot.push_back(zone.held());
  const std::uint32_t wanted = view.target + (is_calm(view) ? 0 : extra);
  const auto trusted = oldest_trusted(view);
  std::uint32_t held = total_held(view);
  for (; held < wanted; ++held) {
    const auto zone = trusted ? trusted : hedged_zone(zones).index;
    if (!zone) break;
    ++plan.spot[*zone];
    ++zones[*zone].replicas;
    ++zones[*zone].turns;
  }
  for (; held > wanted; --held) drop_youngest(view, plan.spot);
  plan.on_demand = std::min(view.target, wanted - std::min(total_ready(view), wanted));
  return plan;
}

}  // namespace sky::core
