#include "core/policies/hazard_hedge.h"

#include <algorithm>
#include <numeric>

#include "core/policies/fixed_point.h"
#include "core/policies/plan_search.h"

namespace sky::core {
namespace {

constexpr std::int64_t constant_hazard_micro = 350'000;  // without ages: the traces' mean
constexpr Duration room_memory = seconds(300), longest_room_memory = seconds(3600);
constexpr Duration usual_room_memory = seconds(12 * 3600);
constexpr Duration look_again_after = seconds(120), look_again_when_calm = seconds(600);
constexpr std::int64_t change_margin_micro = 100'000;

std::uint32_t sum(const std::vector<std::uint32_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0U);
}

class Hedge {
 public:
  Hedge(const MarketPolicy& policy, const MarketView& view) : policy_(policy), view_(view) {
    cheapest_ = 0;
    for (const ZoneView& zone : view.zones)
      if (zone.price > 0 && (cheapest_ == 0 || zone.price < cheapest_)) cheapest_ = zone.price;
    if (cheapest_ == 0) cheapest_ = 1;
    base_.target = view.target;
    base_.on_demand_price_micro = view.on_demand_price * 1'000'000 / cheapest_;
    base_.exposure = view.cold_start + view.period;
    const std::int64_t scale = exp_q16(view.pressure_q16);
    const auto weight = [&](std::int64_t one) { return one * 1'000'000 * scale >> q16_bits; };
    base_.weights_micro = {weight(policy.weights.any), weight(policy.weights.share),
                           weight(policy.weights.square)};
    for (const ZoneView& zone : view.zones) add_habits(base_.habits, *zone.belief);
    for (std::size_t i = 0; i < view.zones.size(); ++i) {
      const ZoneView& zone = view.zones[i];
      confirmed_.push_back(zone.confirmed());
      base_.zones.push_back({.hazard_micro = hazard(i),
                             .price_micro = zone.price * 1'000'000 / cheapest_,
                             .region = zone.region,
                             .rank = zone.rank,
                             .room = room(zone)});
    }
    if (policy.splits && zones_up() >= 2)
      base_.most_share = std::max<std::uint32_t>(1, (view.target + 1) / 2);
  }

  MarketPlan plan() {
    const FleetShape committed = committed_shape();
    MarketPlan plan;
    plan.spot = committed.spot;
    plan.cost = committed.cost;
    plan.risk = committed.risk;
    keep_until_ready(plan.spot);
    try_elsewhere(committed, plan.spot);
    if (sum(plan.spot) == 0) scout(plan.spot);
    probe(plan.spot);
    plan.on_demand = on_demand(committed.on_demand, plan.spot);
    plan.look_again = next_look();
    return plan;
  }

 private:
  std::int64_t hazard(std::size_t i) const {
    if (!policy_.knows_age) return constant_hazard_micro;
    return zone_hazard_micro(view_, base_.habits, i);
  }
  std::uint32_t zones_up() const {
    return static_cast<std::uint32_t>(
        std::count_if(confirmed_.begin(), confirmed_.end(), [](auto count) { return count > 0; }));
  }
  std::uint32_t room(const ZoneView& zone) const {
    if (!zone.is_open) return zone.confirmed();
    const auto& seen = zone.belief->room_seen;
    if (seen && view_.now - *seen < memory_of(*zone.belief))
      return std::max(zone.belief->room, zone.confirmed());
    return std::max(usual_room(), zone.confirmed());
  }
  // Each refusal in a row doubles it: where capacity is small for good one asks in vain for ever.
  static Duration memory_of(const ZoneBelief& zone) {
    const auto doublings = std::min<std::uint32_t>(std::max(zone.refusals, 1U) - 1, 10);
    return std::min<Duration>(room_memory * (1 << doublings), longest_room_memory);
  }
  // Of zones that nothing is known of: the most that any holds, if two were seen full lately.
  std::uint32_t usual_room() const {
    std::uint32_t full = 0, most = 0;
    for (const ZoneView& zone : view_.zones) {
      most = std::max(most, zone.confirmed());
      const auto& seen = zone.belief->room_seen;
      if (!seen || view_.now - *seen >= usual_room_memory || zone.belief->room == 0) continue;
      ++full;
      most = std::max(most, zone.belief->room);
    }
    return full >= 2 ? most : no_limit;
  }
  bool may_try(const ZoneView& zone) const {
    return zone.is_open && retry_at(*zone.belief).value_or(view_.now) <= view_.now;
  }

  PlanProblem over_confirmed() const {
    PlanProblem problem = base_;
    for (std::size_t i = 0; i < confirmed_.size(); ++i)
      if (confirmed_[i] == 0) problem.zones[i].room = 0;
    return problem;
  }

  FleetShape committed_shape() const {
    const PlanProblem problem = over_confirmed();
    FleetShape best = cheapest_fleet(problem);
    if (sum(confirmed_) == 0) return best;
    PlanProblem as_is = problem;
    as_is.most_share = no_limit;
    const FleetShape kept = with_best_on_demand(as_is, confirmed_);
    std::int64_t change = change_margin_micro;
    for (std::size_t i = 0; i < confirmed_.size(); ++i)
      if (best.spot[i] > confirmed_[i])
        change += (best.spot[i] - confirmed_[i]) * base_.zones[i].price_micro *
                  whole_seconds(view_.cold_start) / seconds_an_hour;
    return kept.score() <= best.score() + change ? kept : best;
  }

  // What we hold beyond the plan stays until the plan's replicas serve.
  void keep_until_ready(std::vector<std::uint32_t>& spot) const {
    std::uint32_t planned_ready = 0;
    for (std::size_t i = 0; i < spot.size(); ++i)
      planned_ready += std::min(spot[i], view_.zones[i].ready);
    const bool is_ready = planned_ready + view_.on_demand_ready >= view_.target;
    for (std::size_t i = 0; i < spot.size(); ++i)
      if (!is_ready) spot[i] = std::max(spot[i], view_.zones[i].held());
  }

  // What is not answered yet stays. True: some of it is a try.
  bool keep_asked(std::vector<std::uint32_t>& spot) const {
    bool is_trying = false;
    for (std::size_t i = 0; i < confirmed_.size(); ++i) {
      if (view_.zones[i].asked == 0) continue;
      spot[i] = std::max(spot[i], view_.zones[i].held());
      is_trying = is_trying || confirmed_[i] == 0;
    }
    return is_trying;
  }

  // A machine that is ended as soon as it is confirmed, unless the plan has use for it then.
  bool is_probe_due(const ZoneView& zone) const {
    return policy_.probe_every > Duration{0} && zone.held() == 0 && may_try(zone) &&
           (!zone.belief->tried || view_.now - *zone.belief->tried >= policy_.probe_every);
  }
  void probe(std::vector<std::uint32_t>& spot) const {
    for (std::size_t i = 0; i < spot.size(); ++i)
      if (spot[i] == 0 && is_probe_due(view_.zones[i])) spot[i] = 1;
  }

  void try_elsewhere(const FleetShape& committed, std::vector<std::uint32_t>& spot) const {
    PlanProblem problem = base_;
    bool is_open = false;
    if (keep_asked(spot)) return;  // one try at a time
    for (std::size_t i = 0; i < confirmed_.size(); ++i) {
      if (confirmed_[i] > 0) continue;
      if (may_try(view_.zones[i]))
        is_open = true;
      else
        problem.zones[i].room = 0;
    }
    if (!is_open) return;
    const FleetShape wider = cheapest_fleet(problem);
    std::int64_t margin = change_margin_micro;
    for (std::size_t i = 0; i < confirmed_.size(); ++i)
      if (confirmed_[i] == 0)
        margin +=
            wider.spot[i] * base_.zones[i].price_micro * whole_seconds(view_.cold_start) / 7200;
    if (wider.score() + margin >= committed.score()) return;
    for (std::size_t i = 0; i < confirmed_.size(); ++i)
      if (confirmed_[i] == 0) spot[i] = std::max(spot[i], wider.spot[i]);
  }

  void scout(std::vector<std::uint32_t>& spot) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < spot.size(); ++i) {
      const bool is_possible = view_.zones[i].held() > 0 || may_try(view_.zones[i]);
      if (is_possible && (!best || base_.zones[i].hazard_micro < base_.zones[*best].hazard_micro))
        best = i;
    }
    if (best) spot[*best] = 1;
  }

  std::uint32_t on_demand(std::uint32_t planned, const std::vector<std::uint32_t>& spot) const {
    const std::uint32_t covered = std::min(sum(confirmed_), view_.target);
    const std::uint32_t wanted = std::max(planned, view_.target - covered);
    std::uint32_t staying = 0;  // of what serves: the plan may give up ready spot machines
    for (std::size_t i = 0; i < spot.size(); ++i)
      staying += std::min(spot[i], view_.zones[i].ready);
    const std::uint32_t serving = std::min(staying, view_.target);
    return std::max(wanted, std::min(view_.on_demand_ready, view_.target - serving));
  }

  Instant next_look() const {
    const bool is_calm = view_.on_demand() == 0 && total_ready(view_) >= view_.target;
    Instant next = view_.now + (is_calm ? look_again_when_calm : look_again_after);
    for (const ZoneView& zone : view_.zones) {
      if (zone.held() > 0) continue;
      const auto retry = retry_at(*zone.belief);
      if (retry && *retry > view_.now) next = std::min(next, *retry);
      if (policy_.probe_every > Duration{0} && zone.belief->tried)
        next = std::min(next, std::max(*zone.belief->tried, view_.now) + policy_.probe_every);
    }
    return next;
  }

  const MarketPolicy& policy_;
  const MarketView& view_;
  PlanProblem base_;
  std::vector<std::uint32_t> confirmed_;
  std::int64_t cheapest_ = 0;
};

}  // namespace

std::int64_t zone_hazard_micro(const MarketView& view, const LossHabits& habits, std::size_t zone) {
  const ZoneView& one = view.zones[zone];
  std::optional<Instant> newest;
  for (std::size_t i = 0; i < view.zones.size(); ++i)
    if (i != zone && view.zones[i].region == one.region)
      newest = std::max(newest, view.zones[i].belief->taken);
  std::int64_t hazard = hazard_micro(*one.belief, view.now);
  if (newest)
    hazard += (hazard * 3 / 2) *
                  exp_q16(-whole_seconds(view.now - *newest) * one_q16 / seconds_an_hour) >>
              q16_bits;
  if (one.held() > 0) hazard += burst_hazard_micro(*one.belief, habits, view.now);
  return hazard;
}

MarketPlan plan_hazard_hedge(const MarketPolicy& policy, const MarketView& view) {
  return Hedge(policy, view).plan();
}

}  // namespace sky::core
