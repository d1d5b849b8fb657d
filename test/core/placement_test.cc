#include "core/placement.h"

#include <boost/test/unit_test.hpp>

#include "core/backoff.h"
#include "core/launch_verdict.h"
#include "core/replica_health.h"

namespace sky::core {
namespace {

struct Shelf {
  std::vector<Offer> offers;
  std::vector<OfferState> states;

  Shelf& add(const std::string& zone, std::int64_t price, std::uint32_t in_zone = 0,
             bool is_blocked = false) {
    Offer offer;
    offer.place = {"aws", "east", zone};
    offer.price = {price};
    offers.push_back(offer);
    OfferState state;
    state.replicas_in_zone = in_zone;
    state.is_blocked = is_blocked;
    if (is_blocked) state.block_text = "capacity";
    states.push_back(state);
    return *this;
  }
  std::span<const OfferState> view() {
    for (std::size_t i = 0; i < offers.size(); ++i) states[i].offer = &offers[i];
    return states;
  }
};

std::string zone_of(const PlacementChosen& placement) {
  const Offer* offer = chosen_offer(placement);
  return offer ? offer->place.zone : "none";
}

BOOST_AUTO_TEST_SUITE(core_placement)

BOOST_AUTO_TEST_CASE(the_mixture_takes_the_cheapest_zone_not_in_use_and_then_the_cheapest) {
  BOOST_TEST(zone_of(place_static_mixture(Shelf{}.add("a", 3).add("b", 1).add("c", 2).view())) ==
             "b");
  BOOST_TEST(zone_of(place_static_mixture(Shelf{}.add("a", 3).add("b", 1, 1).add("c", 2).view())) ==
             "c");
  BOOST_TEST(zone_of(place_static_mixture(Shelf{}.add("a", 3, 1).add("b", 1, 2).view())) == "b");
  BOOST_TEST(zone_of(place_static_mixture(Shelf{}.add("a", 3, 0, true).add("b", 1, 2).view())) ==
             "b");
  const PlacementChosen none = place_static_mixture(Shelf{}.add("a", 3, 0, true).view());
  BOOST_TEST(zone_of(none) == "none");
  BOOST_TEST(none.candidates[0].note == "blocked: capacity");
  BOOST_TEST(place_static_mixture({}).reason.find("no spot offer") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_mixture_leaves_a_zone_that_took_a_machine_lately_for_last) {
  Shelf shelf;
  shelf.add("a", 1).add("b", 2).add("c", 3, 1);
  shelf.states[0].took_lately = true;
  PlacementChosen placement = place_static_mixture(shelf.view());
  BOOST_TEST(zone_of(placement) == "b");
  BOOST_TEST(placement.candidates[0].note == "took a machine lately");
  shelf.states[1].is_blocked = true;  // better a zone that took one than one we are in already
  placement = place_static_mixture(shelf.view());
  BOOST_TEST(zone_of(placement) == "a");
}

BOOST_AUTO_TEST_CASE(spot_hedge_is_algorithm_one) {
  const std::set<Place> preempting = {{"aws", "east", "b"}};
  const auto choose = [&](Shelf shelf) {
    return zone_of(place_spot_hedge(shelf.view(), preempting));
  };
  BOOST_TEST(choose(Shelf{}.add("a", 3).add("b", 1).add("c", 2)) == "c");
  BOOST_TEST(choose(Shelf{}.add("a", 3).add("b", 1).add("c", 2, 1)) == "a");
  BOOST_TEST(choose(Shelf{}.add("a", 3, 1).add("b", 1).add("c", 2, 1)) == "c");
  // no available zone is open: better one that preempted us than none
  BOOST_TEST(choose(Shelf{}.add("a", 3, 0, true).add("b", 1).add("c", 2, 0, true)) == "b");
}

BOOST_AUTO_TEST_CASE(with_fewer_than_two_zones_left_all_are_available_again) {
  const Place a{"aws", "east", "a"}, b{"aws", "east", "b"}, c{"aws", "east", "c"};
  std::set<Place> preempting;
  mark_preempting(preempting, a, {a, b, c});
  BOOST_TEST((preempting == std::set<Place>{a}));
  mark_preempting(preempting, a, {a, b, c});
  BOOST_TEST((preempting == std::set<Place>{a}));
  mark_preempting(preempting, b, {a, b, c});
  BOOST_TEST(preempting.empty());
}

BOOST_AUTO_TEST_CASE(a_base_replica_prefers_what_is_listed_first_and_pays_only_if_allowed) {
  BOOST_TEST(zone_of(place_base(Shelf{}.add("free", 0).add("paid", 5).view(), true)) == "free");
  BOOST_TEST(zone_of(place_base(Shelf{}.add("free", 0, 0, true).add("paid", 5).view(), true)) ==
             "paid");
  const PlacementChosen waits =
      place_base(Shelf{}.add("free", 0, 0, true).add("paid", 5).view(), false);
  BOOST_TEST(zone_of(waits) == "none");
  BOOST_TEST(waits.candidates[1].note == "paid machines are not allowed");
}

BOOST_AUTO_TEST_CASE(an_event_lists_a_bounded_number_of_candidates_and_always_the_chosen) {
  Shelf shelf;
  for (int i = 0; i < 200; ++i) shelf.add("z" + std::to_string(i), 1000 - i);
  const PlacementChosen placement = place_static_mixture(shelf.view());
  BOOST_TEST(placement.candidates.size() == max_candidates);
  BOOST_TEST(zone_of(placement) == "z199");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(core_verdicts)

BOOST_AUTO_TEST_CASE(each_kind_of_failure_reaches_as_far_as_documented) {
  Offer here;
  here.place = {"aws", "east", "a"};
  here.instance_type = "t4";
  here.market = Market::spot;
  Offer other_market = here, other_type = here, other_zone = here, other_region = here,
        other_cloud = here;
  other_market.market = Market::on_demand;
  other_type.instance_type = "a100";
  other_zone.place.zone = "b";
  other_region.place = {"aws", "west", "a"};
  other_cloud.place.cloud = "gcp";
  const std::vector<const Offer*> others = {&other_market, &other_type, &other_zone, &other_region,
                                            &other_cloud};
  struct Row {
    FailureKind kind;
    NextLaunch next;
    std::vector<bool> covers;  // market, type, zone, region, cloud; empty: no block
  };
  using enum FailureKind;
  const Row rows[] = {
      {capacity, NextLaunch::next_offer, {false, false, false, false, false}},
      {price, NextLaunch::next_offer, {false, false, false, false, false}},
      {unsupported, NextLaunch::next_offer, {false, false, false, false, false}},
      {quota, NextLaunch::next_offer, {false, true, true, false, false}},
      {auth, NextLaunch::next_offer, {true, true, true, true, false}},
      {forbidden, NextLaunch::next_offer, {true, true, true, true, false}},
      {invalid, NextLaunch::none, {}},
      {throttled, NextLaunch::same_call, {}},
      {transient, NextLaunch::same_call, {}},
      {indeterminate, NextLaunch::same_call, {}},
      {conflict, NextLaunch::next_offer, {false, false, false, false, false}},
      {FailureKind::unknown, NextLaunch::next_offer, {false, false, false, false, false}},
  };
  for (const Row& row : rows) {
    BOOST_TEST_CONTEXT(to_text(row.kind)) {
      const LaunchVerdict verdict = judge_launch({row.kind, {}, {}, {}}, here, 0);
      BOOST_TEST((verdict.next == row.next));
      BOOST_REQUIRE_EQUAL(verdict.block.has_value(), !row.covers.empty());
      if (!verdict.block) continue;
      BOOST_TEST(verdict.block->key.covers(here));
      for (std::size_t i = 0; i < others.size(); ++i)
        BOOST_TEST(verdict.block->key.covers(*others[i]) == row.covers[i]);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unanswered_call_is_repeated_for_ever_and_a_throttled_one_is_not) {
  const auto next = [](FailureKind kind, std::uint32_t calls) {
    return judge_launch({kind, {}, {}, {}}, Offer{}, calls).next;
  };
  BOOST_TEST((next(FailureKind::indeterminate, 1000) == NextLaunch::same_call));
  BOOST_TEST((next(FailureKind::throttled, max_same_calls - 1) == NextLaunch::same_call));
  BOOST_TEST((next(FailureKind::throttled, max_same_calls) == NextLaunch::next_offer));
}

BOOST_AUTO_TEST_CASE(waiting_doubles_up_to_the_limit) {
  const Backoff backoff{seconds(10), seconds(300)};
  const int expected[] = {0, 10, 20, 40, 80, 160, 300, 300};
  for (std::uint32_t i = 0; i < 8; ++i) BOOST_TEST((backoff.after(i) == seconds(expected[i])));
  BOOST_TEST((backoff.after(4'000'000'000) == seconds(300)));
}

BOOST_AUTO_TEST_CASE(a_replica_is_given_up_by_its_probes) {
  ReadinessProbe probe;
  probe.initial_delay = seconds(100);
  probe.failure_window = seconds(30);
  const Instant provisioned{seconds(1000)}, failed{seconds(1010)};
  const auto starting = given_up({Phase::starting, provisioned, {}}, probe);
  BOOST_TEST((starting->at == provisioned + seconds(100)));
  BOOST_TEST(
      (given_up({Phase::starting, provisioned, failed}, probe)->at == failed + seconds(100)));
  const auto silent = given_up({Phase::not_ready, provisioned, failed}, probe);
  BOOST_TEST((silent->at == failed + seconds(30)));
  BOOST_TEST((silent->final_phase == Phase::failed_probing));
  BOOST_TEST(!given_up({Phase::ready, provisioned, {}}, probe));
  BOOST_TEST((probe_interval(Phase::starting, false, false, probe) == seconds(1)));
  BOOST_TEST((probe_interval(Phase::ready, false, false, probe) == seconds(10)));
  probe.interval = milliseconds(200);
  BOOST_TEST((probe_interval(Phase::starting, false, false, probe) == milliseconds(200)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::core
