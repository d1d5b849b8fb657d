#include "core/policies/market_policy.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>
#include <set>

#include "core/placement.h"
#include "core/policies/fixed_point.h"
#include "core/policies/hazard_hedge.h"
#include "core/policies/plan_search.h"
#include "core/policies/policy_name.h"
#include "core/policies/slo_tracking.h"
#include "core/policies/spot_hedge.h"
#include "core/splitmix.h"

namespace sky::core {
namespace {

constexpr std::int64_t spot_price = 1'000'000;

Instant at(std::int64_t hours, std::int64_t more_seconds = 0) {
  return Instant(seconds(hours * 3600 + more_seconds));
}

// A market in which every zone is a region of its own.
struct Street {
  std::vector<ZoneBelief> beliefs;
  std::vector<ZoneView> zones;
  MarketView view;

  explicit Street(std::size_t count, std::uint32_t target = 4) : beliefs(count), zones(count) {
    for (std::size_t i = 0; i < count; ++i) {
      zones[i].region = zones[i].rank = static_cast<std::uint32_t>(i);
      zones[i].price = spot_price;
    }
    view.target = target;
    view.on_demand_price = 3 * spot_price;
    view.cold_start = seconds(183);
    view.period = seconds(30);
    view.now = at(100);
  }
  Street& ready(std::size_t zone, std::uint32_t count, std::int64_t hours_up) {
    zones[zone].ready = count;
    saw_capacity(beliefs[zone], view.now - std::chrono::hours(hours_up));
    beliefs[zone].up_since = view.now - std::chrono::hours(hours_up);
    return *this;
  }
  MarketPlan plan(const std::string& policy) {
    for (std::size_t i = 0; i < zones.size(); ++i) zones[i].belief = &beliefs[i];
    view.zones = zones;
    return plan_market(*parse_policy(policy), view);
  }
};

std::uint32_t spot_of(const MarketPlan& plan) {
  return std::accumulate(plan.spot.begin(), plan.spot.end(), 0U);
}

using Counts = std::vector<std::uint32_t>;

BOOST_AUTO_TEST_SUITE(core_market_policy)

BOOST_AUTO_TEST_CASE(logarithms_and_powers_are_within_their_stated_error) {
  BOOST_TEST(log2_q16(1) == 0);
  BOOST_TEST(log2_q16(1024) == 10 * one_q16);
  BOOST_TEST(std::abs(ln_ratio_q16(2718, 1000) - one_q16) < 16);
  for (const std::int64_t x : {-8, -3, -1, 0, 1, 2, 5}) {
    const double wanted = std::exp(static_cast<double>(x)) * static_cast<double>(one_q16);
    BOOST_TEST(std::abs(static_cast<double>(exp_q16(x * one_q16)) - wanted) <=
               std::max(8.0, wanted * 2e-4));
  }
}

BOOST_AUTO_TEST_CASE(fixed_shares_stay_and_round_robin_goes_on) {
  Street street(3);
  BOOST_TEST(street.plan("even_spread").spot == (Counts{2, 1, 1}),
             boost::test_tools::per_element());
  const MarketPlan mixture = street.plan("static_mixture:on_demand=1,extra=1");
  BOOST_TEST(mixture.on_demand == 1U);
  BOOST_TEST(spot_of(mixture) == 4U);
  street.beliefs[0].tried = at(99);
  street.beliefs[1].tried = at(98);
  BOOST_TEST(street.plan("round_robin").spot == (Counts{1, 1, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(street.plan("all_on_demand").on_demand == 4U);
}

BOOST_AUTO_TEST_CASE(spot_hedge_buys_on_demand_what_is_not_ready_but_never_more_than_wanted) {
  struct Row {
    std::uint32_t ready, on_demand;
  };
  for (const Row row : {Row{0, 4}, Row{1, 4}, Row{2, 3}, Row{4, 1}, Row{5, 0}, Row{7, 0}}) {
    Street street(3);
    street.zones[0].ready = row.ready;
    const MarketPlan plan = street.plan("spot_hedge");
    BOOST_TEST(plan.on_demand == row.on_demand);
    BOOST_TEST(spot_of(plan) == 5U);
  }
}

BOOST_AUTO_TEST_CASE(three_zones_of_which_one_has_capacity_starve_a_replica_only_as_printed) {
  // Zone 0 holds the replicas, 1 and 2 refuse. The missing one is sent to a zone; its refusal marks
  // it.
  const std::set<Place> places{{"c", "r", "0"}, {"c", "r", "1"}, {"c", "r", "2"}};
  const auto tries_of_zone_0 = [&](std::size_t forgiving) {
    std::set<Place> preempting;
    int tries = 0;
    for (int round = 0; round < 60; ++round) {
      Street street(3);
      street.zones[0].ready = 4;
      for (std::size_t z = 0; z < 3; ++z)
        street.zones[z].is_preempting = preempting.contains({"c", "r", std::to_string(z)});
      const MarketPlan plan = street.plan("spot_hedge");
      if (plan.spot[0] > 4) return ++tries;
      for (std::size_t z = 1; z < 3; ++z)
        if (plan.spot[z] > 0)
          mark_preempting(preempting, {"c", "r", std::to_string(z)}, places, forgiving);
    }
    return tries;
  };
  BOOST_TEST(tries_of_zone_0(forgiving_as_printed) == 0);
  BOOST_TEST(tries_of_zone_0(forgiving_as_artifact(3)) == 1);
}

BOOST_AUTO_TEST_CASE(
    the_age_gate_gives_up_the_extra_replica_of_the_youngest_zone_when_all_are_old) {
  Street old(3);
  old.ready(0, 3, 60).ready(1, 2, 20);
  BOOST_TEST(old.plan("age_gated").spot == (Counts{3, 1, 0}), boost::test_tools::per_element());
  Street young(3);
  young.ready(0, 3, 60).ready(1, 2, 1);
  BOOST_TEST(spot_of(young.plan("age_gated")) == 5U);
}

BOOST_AUTO_TEST_CASE(the_hazard_falls_with_the_age_and_rises_with_failures) {
  ZoneBelief zone;
  saw_capacity(zone, at(10));
  zone.up_since = at(10);
  const std::int64_t young = hazard_micro(zone, at(10)), old = hazard_micro(zone, at(34));
  BOOST_TEST(young == 1'250'000);  // 1 / 0.8 h
  BOOST_TEST(old < young / 20);
  ZoneBelief failing = zone;
  for (int i = 1; i <= 5; ++i) {
    saw_loss(failing, 0, at(10 + i));
    saw_capacity(failing, at(10 + i, 600));
  }
  failing.up_since = at(15, 600);
  BOOST_TEST(hazard_micro(failing, at(15, 600)) > young * 6 / 5);
}

BOOST_AUTO_TEST_CASE(what_is_left_after_a_loss_is_in_danger_for_minutes) {
  Street street(2);
  street.ready(0, 4, 20);
  saw_loss(street.beliefs[0], 3, street.view.now);
  const LossHabits none;
  const auto after = [&](std::int64_t minutes) {
    return burst_hazard_micro(street.beliefs[0], none, street.view.now + seconds(60 * minutes));
  };
  BOOST_TEST(after(0) > 10'000'000);
  BOOST_TEST(after(30) < 100'000);
  street.zones[0].ready = 3;
  BOOST_TEST(street.plan("hazard_hedge").on_demand == 4U);  // before the rest goes
}

BOOST_AUTO_TEST_CASE(the_plan_search_pays_for_an_extra_replica_only_where_losses_are_single) {
  PlanProblem problem;
  problem.zones = {{.hazard_micro = 400'000, .region = 0, .rank = 0},
                   {.hazard_micro = 400'000, .region = 1, .rank = 1},
                   {.hazard_micro = 400'000, .region = 2, .rank = 2},
                   {.hazard_micro = 400'000, .region = 3, .rank = 3}};
  for (PlanZone& zone : problem.zones) zone.room = 2;
  problem.target = 4;
  problem.exposure = seconds(213);
  problem.weights_micro = {60'000'000, 0, 0};
  problem.habits = {.one = 200, .some = 0, .all = 0, .followed = 0};
  const FleetShape hedged = cheapest_fleet(problem);
  BOOST_TEST(std::accumulate(hedged.spot.begin(), hedged.spot.end(), 0U) == 5U);
  problem.habits = {.one = 0, .some = 0, .all = 200, .followed = 0};
  for (PlanZone& zone : problem.zones) zone.room = no_limit;
  const FleetShape bare = cheapest_fleet(problem);
  BOOST_TEST(std::accumulate(bare.spot.begin(), bare.spot.end(), 0U) == 4U);
  BOOST_TEST(bare.on_demand == 0U);
}

BOOST_AUTO_TEST_CASE(a_dear_zone_must_be_safer_and_worthless_weights_buy_the_cheapest) {
  PlanProblem problem;
  problem.zones = {{.hazard_micro = 50'000, .price_micro = 1'400'000, .region = 0, .rank = 0},
                   {.hazard_micro = 900'000, .price_micro = 1'000'000, .region = 1, .rank = 1}};
  problem.target = 4;
  problem.exposure = seconds(213);
  BOOST_TEST(cheapest_fleet(problem).spot == (Counts{0, 4}), boost::test_tools::per_element());
  problem.weights_micro = {60'000'000, 0, 0};
  BOOST_TEST(cheapest_fleet(problem).spot == (Counts{4, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(large_fleets_are_planned_in_lots_and_cover_the_target) {
  PlanProblem problem;
  for (std::uint32_t i = 0; i < 200; ++i)
    problem.zones.push_back({.hazard_micro = 10'000 + i * 1000, .region = i / 4, .rank = i});
  problem.target = 10'000;
  problem.exposure = seconds(213);
  problem.weights_micro = {20'000'000, 0, 300'000'000};
  const FleetShape shape = cheapest_fleet(problem);
  BOOST_TEST(std::accumulate(shape.spot.begin(), shape.spot.end(), shape.on_demand) >= 10'000U);
}

BOOST_AUTO_TEST_CASE(a_stated_availability_raises_the_weight_until_it_is_met) {
  SloDebt debt;
  track(debt, 995'000, true, at(0));
  const std::int64_t begin = pressure_q16(debt);
  BOOST_TEST(std::abs(begin + one_q16 * 693 / 1000) < 100);  // ln 1/2
  track(debt, 995'000, false, at(0, 900));
  BOOST_TEST(pressure_q16(debt) > begin);
  track(debt, 995'000, false, at(50));  // 900 s are 0.5 % of 50 h
  BOOST_TEST(std::abs(pressure_q16(debt) - begin) < one_q16 / 100);
  track(debt, 995'000, false, at(5000));
  BOOST_TEST(pressure_q16(debt) == -9 * one_q16 / 2);  // the bound
}

BOOST_AUTO_TEST_CASE(policies_are_read_by_name_and_a_wrong_one_names_what_there_is) {
  const auto policy = parse_policy("hazard_hedge:availability=99.5,split=1,probe=300");
  BOOST_REQUIRE(policy);
  BOOST_TEST(policy->availability_ppm == 995'000U);
  BOOST_TEST(policy->splits);
  BOOST_TEST((policy->probe_every == seconds(300)));
  struct Row {
    const char *text, *part;
  };
  for (const Row row :
       {Row{"hedge", "spot_hedge"}, Row{"spot_hedge:rule=new", "printed or artifact"},
        Row{"spot_hedge:extras=1", "extra, rule"}, Row{"age_gated:extra=-1", "whole number"},
        Row{"hazard_hedge:availability=100", "99.9999"},
        Row{"all_on_demand:extra=1", "takes nothing"}}) {
    const auto wrong = parse_policy(row.text);
    BOOST_REQUIRE(!wrong);
    BOOST_TEST(wrong.error().text.find(row.part) != std::string::npos, wrong.error().text);
  }
  for (const std::string& name : policy_names()) BOOST_TEST(bool(parse_policy(name)));
}

// Of two zones seen full the rest is learnt: no launch beyond what any zone was seen to hold.
BOOST_AUTO_TEST_CASE(where_zones_hold_one_machine_no_second_one_is_asked_for) {
  Street street(6);
  for (std::size_t i = 0; i < 4; ++i) street.ready(i, 1, 10);
  for (std::size_t i = 0; i < 2; ++i)
    saw_refusal(street.beliefs[i], 1, street.view.now - seconds(1800));
  const MarketPlan plan = street.plan("hazard_hedge_safe");
  for (const std::uint32_t count : plan.spot) BOOST_TEST(count <= 1u);
  street.beliefs[0].room_seen = street.view.now - std::chrono::hours(13);  // long ago
  street.beliefs[1].room_seen = street.beliefs[0].room_seen;
  const MarketPlan later = street.plan("hazard_hedge");
  BOOST_TEST(*std::max_element(later.spot.begin(), later.spot.end()) >= 1u);
}

BOOST_AUTO_TEST_CASE(a_policy_is_printed_as_it_is_typed) {
  for (const char* text :
       {"all_on_demand", "spot_hedge:rule=artifact", "age_gated:extra=2", "hazard_hedge",
        "hazard_hedge_safe", "hazard_hedge:availability=99.5", "hazard_hedge:probe=300",
        "hazard_hedge:availability=99.95,split=1", "hazard_hedge_safe:availability=99",
        "static_mixture:on_demand=2,extra=1", "hazard_hedge:any=7,share=8,square=9"}) {
    const auto policy = parse_policy(text);
    BOOST_REQUIRE(policy);
    BOOST_TEST(to_text(*policy) == text);
  }
  for (const std::string& name : policy_names()) BOOST_TEST(to_text(*parse_policy(name)) == name);
}

// Any market: plans stay within bounds, and the same view gives the same plan.
BOOST_AUTO_TEST_CASE(no_policy_wants_more_than_it_may_or_a_zone_that_is_closed) {
  std::uint64_t random = 7;
  const auto draw = [&](std::uint64_t below) {
    return static_cast<std::uint32_t>((random = mixed(random)) % below);
  };
  for (int round = 0; round < 2000; ++round) {
    Street street(1 + draw(9), 1 + draw(8));
    for (std::size_t i = 0; i < street.zones.size(); ++i) {
      ZoneView& zone = street.zones[i];
      zone.region = draw(3);
      zone.price = 500'000 + draw(4) * 500'000;
      if (draw(3) == 0) street.ready(i, draw(4), draw(40));
      zone.warming = draw(5) == 0 ? 1 : 0;
      zone.is_open = draw(3) > 0;
      if (zone.held() == 0 && draw(2) == 0)
        saw_refusal(street.beliefs[i], 0, street.view.now - seconds(draw(400)));
      if (zone.held() == 0) zone.is_preempting = draw(2) == 0;
    }
    street.view.on_demand_ready = draw(4);
    for (const std::string& name : policy_names()) {
      if (name == "even_spread" || name == "static_mixture") continue;  // retried in place for ever
      const MarketPlan plan = street.plan(name);
      BOOST_REQUIRE(plan.spot.size() == street.zones.size());
      BOOST_REQUIRE(plan.on_demand <= street.view.target);
      std::uint32_t held = 0;
      for (std::size_t i = 0; i < plan.spot.size(); ++i) {
        held += street.zones[i].held();
        if (!street.zones[i].is_open) BOOST_REQUIRE(plan.spot[i] <= street.zones[i].held());
      }
      BOOST_REQUIRE(spot_of(plan) <= held + 2 * street.view.target + 4);
      if (name.starts_with("hazard_hedge")) {  // gives up nothing that serves and is needed
        std::uint32_t serves = 0, stays = 0;
        for (std::size_t i = 0; i < plan.spot.size(); ++i) {
          serves += street.zones[i].ready;
          stays += std::min(plan.spot[i], street.zones[i].ready);
        }
        serves += street.view.on_demand_ready;
        stays += std::min(plan.on_demand, street.view.on_demand_ready);
        BOOST_REQUIRE(stays >= std::min(serves, street.view.target));
      }
      const MarketPlan again = street.plan(name);
      BOOST_REQUIRE(again.spot == plan.spot && again.on_demand == plan.on_demand);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::core
