#include "projections/market_question.h"

#include <algorithm>
#include <tuple>

#include "core/placement.h"
#include "core/policies/hazard_hedge.h"
#include "core/policies/policy_name.h"
#include "core/pool_split.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::Pool;

// Policies that name no time are asked again so often: blocks end, zones age.
constexpr core::Duration look_again_after = core::seconds(60);

std::int64_t on_demand_price(const std::vector<core::Offer>& offers) {
  std::int64_t cheapest = 0;
  for (const core::Offer& offer : offers) {
    const std::int64_t price = offer.price.micro_usd_per_hour;
    if (!offer.is_spot() && price > 0 && (cheapest == 0 || price < cheapest)) cheapest = price;
  }
  return cheapest;
}

std::string hours_text(core::Duration duration) {
  const std::int64_t minutes = core::whole_seconds(duration) / 60;
  if (minutes < 120) return std::to_string(minutes) + " min";
  return std::to_string(minutes / 60) + " h";
}

std::string hundredths_text(std::int64_t micro) {
  const std::int64_t hundredths = (micro + 5'000) / 10'000;
  return std::to_string(hundredths / 100) + "." + std::to_string(100 + hundredths % 100).substr(1);
}

std::string note_of(const MarketShare& share) {
  std::string note =
      "up " + hours_text(share.up) + ", hazard " + hundredths_text(share.hazard_micro) + "/h";
  if (share.held > 0 || share.wanted > 0)
    note += ", holds " + std::to_string(share.held) + " of " + std::to_string(share.wanted);
  if (share.closed_until) note += ", refused lately";
  return note;
}

}  // namespace

bool plans_fleet(const core::ServiceSpec& spec) {
  return spec.replicas.placement == core::Placement::market && core::uses_spot(spec);
}

std::uint32_t MarketFleet::spot() const {
  std::uint32_t count = waiting;
  for (const MarketShare& share : shares) count += share.wanted;
  return count;
}

std::uint32_t MarketFleet::missing() const {
  std::uint32_t count = 0;
  for (const MarketShare& share : shares)
    if (share.wanted > share.held && !share.closed_until) count += share.wanted - share.held;
  return count;
}

MarketQuestion::MarketQuestion(const ZoneHistory& zones, const ServiceState& service,
                               core::Instant now)
    : policy_(service.spec().replicas.market) {
  const VersionState& version = service.versions.at(service.version);
  const std::uint32_t base = version.spec.replicas.base_ondemand_fallback_replicas;
  view_.target = std::max(service.target, base) - base;
  if (service.target == 0) view_.target = 0;
  view_.on_demand_price = on_demand_price(version.offers);
  view_.cold_start = version.cold_start.value_or(usual_cold_start);
  view_.period = version.spec.probe.interval;
  view_.pressure_q16 = policy_.availability_ppm > 0 ? core::pressure_q16(service.slo) : 0;
  view_.now = now;
  count(service);
  beliefs_.reserve(version.offers.size());  // they are pointed at
  for (const core::Offer& offer : version.offers)
    if (offer.is_spot()) add(zones, service, offer);
  view_.zones = zones_;
}

void MarketQuestion::count(const ServiceState& service) {
  for (const auto& [id, replica] : service.replicas) {
    if (!core::is_live(replica.phase)) continue;
    const bool is_ready = replica.phase == Phase::ready;
    is_rolling_ = is_rolling_ || replica.version != service.version;
    if (replica.version != service.version) continue;
    if (replica.pool == Pool::fallback)
      ++(is_ready ? view_.on_demand_ready : view_.on_demand_warming);
    if (replica.pool != Pool::burst) continue;
    if (replica.phase == Phase::pending) {
      ++pending_;
      continue;
    }
    auto& [ready, warming, asked] = held_[key_of(replica.offer)];
    ++(is_ready ? ready : replica.phase == Phase::provisioning ? asked : warming);
  }
}

void MarketQuestion::add(const ZoneHistory& zones, const ServiceState& service,
                         const core::Offer& offer) {
  core::ZoneView zone;
  const std::pair region{offer.place.cloud, offer.place.region};
  const auto known = std::find(regions_.begin(), regions_.end(), region);
  zone.region = static_cast<std::uint32_t>(known - regions_.begin());
  if (known == regions_.end()) regions_.push_back(region);
  zone.rank = static_cast<std::uint32_t>(zones_.size());
  zone.price = offer.price.micro_usd_per_hour;
  const auto held = held_.find(key_of(offer));
  if (held != held_.end()) std::tie(zone.ready, zone.warming, zone.asked) = held->second;
  const auto block = block_on(zones, offer, view_.now);
  closed_until_.push_back(block ? std::optional(block->until) : std::nullopt);
  zone.is_open = !block;
  zone.is_preempting = service.preempting.contains(offer.place);
  core::ZoneBelief belief;
  if (const auto record = zones.records.find(key_of(offer)); record != zones.records.end()) {
    belief = record->second.belief;
    // Room is what all services held when it was refused: others hold the rest of it.
    const std::uint32_t others =
        record->second.machines - std::min(record->second.machines, zone.confirmed());
    belief.room -= std::min(belief.room, others);
  }
  beliefs_.push_back(belief);
  zone.belief = &beliefs_.back();
  offers_.push_back(offer);
  zones_.push_back(zone);
}

MarketFleet MarketQuestion::answer() const {
  const core::MarketPlan plan = core::plan_market(policy_, view_);
  MarketFleet fleet;
  core::LossHabits habits;
  for (const core::ZoneBelief& belief : beliefs_) core::add_habits(habits, belief);
  fleet.look_again = plan.look_again.value_or(view_.now + look_again_after);
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    MarketShare share;
    share.offer = offers_[i];
    share.held = zones_[i].held();
    share.wanted = plan.spot[i];
    share.up = core::age_of(beliefs_[i], view_.now);
    share.hazard_micro = core::zone_hazard_micro(view_, habits, i);
    share.closed_until = closed_until_[i];
    if (share.closed_until) {
      share.wanted = std::min(share.wanted, share.held);
      fleet.look_again = std::min(fleet.look_again, *share.closed_until);
    }
    fleet.shares.push_back(std::move(share));
  }
  fleet.on_demand = plan.on_demand;
  fleet.cost = plan.cost;
  fleet.risk = plan.risk;
  keep_waiting(fleet);
  return fleet;
}

// A refused replica keeps its row until the next try, as long as spot is short of the target.
void MarketQuestion::keep_waiting(MarketFleet& fleet) const {
  if (is_rolling_) return;
  const std::uint32_t placed = std::min(fleet.spot(), view_.target);
  const std::uint32_t left = pending_ - std::min(pending_, fleet.missing());
  fleet.waiting = std::min(left, view_.target - placed);
}

std::optional<std::size_t> next_share(const MarketFleet& fleet) {
  for (std::size_t i = 0; i < fleet.shares.size(); ++i)
    if (fleet.shares[i].wanted > fleet.shares[i].held) return i;
  return {};
}

std::string plan_text(const MarketFleet& fleet) {
  std::string text = std::to_string(fleet.spot() - fleet.waiting) + " spot, " +
                     std::to_string(fleet.on_demand) + " on demand";
  if (fleet.cost > 0)
    text += "; cost " + hundredths_text(fleet.cost) + ", risk " + hundredths_text(fleet.risk) +
            " spot replica hours an hour";
  return text;
}

core::PlacementChosen market_placement(const core::MarketPolicy& policy, const MarketFleet& fleet,
                                       std::optional<std::size_t> share) {
  core::PlacementChosen placement;
  placement.policy = core::to_text(policy);
  for (std::size_t i = 0; i < fleet.shares.size(); ++i) {
    const MarketShare& one = fleet.shares[i];
    placement.candidates.push_back({.offer = one.offer,
                                    .score = one.offer.price.micro_usd_per_hour,
                                    .note = note_of(one),
                                    .chosen = share == i,
                                    .up = one.up,
                                    .hazard_micro = one.hazard_micro});
  }
  placement.reason =
      share ? "part of the plan: " + plan_text(fleet) : "waiting: no zone is open and worth a try";
  placement.plan_cost = fleet.cost;
  placement.plan_risk = fleet.risk;
  core::trim_candidates(placement.candidates);
  return placement;
}

}  // namespace sky::projections
