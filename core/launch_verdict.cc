#include "core/launch_verdict.h"

#include "core/check.h"

namespace sky::core {
namespace {

constexpr Duration minutes(std::int64_t count) { return seconds(count * 60); }

bool matches(const std::string& filter, const std::string& value) {
  return filter.empty() || filter == value;
}

BlockKey whole_offer(const Offer& offer) {
  return {offer.place, offer.instance_type, offer.market};
}

BlockKey whole_cloud(const Offer& offer) { return {{offer.place.cloud, {}, {}}, {}, {}}; }

// A quota is counted per region; a provider that speaks of a zone or the account says so.
BlockKey quota_reach(const Failure& failure, const Offer& offer) {
  Place place{offer.place.cloud, offer.place.region, {}};
  if (failure.scope == FailureScope::zone) place.zone = offer.place.zone;
  if (failure.scope == FailureScope::cloud || failure.scope == FailureScope::account)
    place.region.clear();
  return {place, {}, offer.market};
}

LaunchVerdict other_offer(BlockKey key, Duration first, Duration most) {
  return {NextLaunch::next_offer, Block{std::move(key), first, most}};
}

}  // namespace

bool BlockKey::covers(const Offer& offer) const {
  return matches(place.cloud, offer.place.cloud) && matches(place.region, offer.place.region) &&
         matches(place.zone, offer.place.zone) && matches(instance_type, offer.instance_type) &&
         (market == Market::unknown || market == offer.market);
}

LaunchVerdict judge_launch(const Failure& failure, const Offer& offer, std::uint32_t same_calls) {
  const BlockKey here = whole_offer(offer);
  switch (failure.kind) {
    case FailureKind::capacity: return other_offer(here, minutes(3), minutes(30));
    case FailureKind::quota:
      return other_offer(quota_reach(failure, offer), minutes(10), minutes(10));
    case FailureKind::price: return other_offer(here, minutes(10), minutes(30));
    case FailureKind::unsupported: return other_offer(here, minutes(6 * 60), minutes(6 * 60));
    case FailureKind::auth: return other_offer(whole_cloud(offer), minutes(1), minutes(30));
    case FailureKind::forbidden: return other_offer(whole_cloud(offer), minutes(10), minutes(10));
    case FailureKind::invalid: return {NextLaunch::none, {}};
    case FailureKind::indeterminate: return {NextLaunch::same_call, {}};
    case FailureKind::throttled:
    case FailureKind::transient:
      if (same_calls < max_same_calls) return {NextLaunch::same_call, {}};
      // Trouble of a region's service, not of one machine type: the neighbour zone has it, too.
      return other_offer({{offer.place.cloud, offer.place.region, {}}, {}, {}}, minutes(10),
                         minutes(30));
    case FailureKind::conflict:
    case FailureKind::not_found:
    case FailureKind::gone:
    case FailureKind::unknown: break;
  }
  return other_offer(here, minutes(1), minutes(30));
}

}  // namespace sky::core
