// Goal: what is said to be needed for another offer is needed and enough. Method: tables, and
// random shelves whose offers get what they need, and then one part less of it.
#include "core/placement_otherwise.h"

#include <boost/test/unit_test.hpp>
#include <random>

namespace sky::core {
namespace {

struct Shelf {
  std::vector<Offer> offers;
  std::vector<OfferState> states;
  std::set<Place> preempting;

  Shelf& add(const std::string& zone, std::int64_t price, OfferState state = {}) {
    Offer offer;
    offer.place = {"aws", "east", zone};
    offer.market = Market::spot;
    offer.price = {price};
    offers.push_back(offer);
    states.push_back(std::move(state));
    return *this;
  }
  std::span<const OfferState> view() {
    for (std::size_t i = 0; i < offers.size(); ++i) states[i].offer = &offers[i];
    return states;
  }
};

const OfferState blocked{.is_blocked = true, .block_text = "capacity"};
const OfferState in_use{.replicas_in_zone = 1, .block_text = {}};
const OfferState taken{.took_lately = true, .block_text = {}};

PlacementChosen mixture(std::span<const OfferState> offers, const std::set<Place>&) {
  return place_static_mixture(offers);
}
PlacementChosen base(std::span<const OfferState> offers, const std::set<Place>&) {
  return place_base(offers, true);
}

std::string needs_of(Shelf& shelf, std::size_t index, const PlacementRule& rule = mixture) {
  const auto needs = needs_to_be_chosen(rule, shelf.view(), shelf.preempting, index);
  if (!needs) return "others blocked";
  std::string text;
  if (needs->open) text += "open ";
  if (needs->calm) text += "calm ";
  if (needs->spared) text += "spared ";
  if (needs->unused) text += "unused ";
  if (needs->below) text += "below " + std::to_string(needs->below->micro_usd_per_hour);
  return text;
}

BOOST_AUTO_TEST_SUITE(core_placement_otherwise)

BOOST_AUTO_TEST_CASE(a_dearer_offer_needs_a_lower_price_and_a_blocked_one_to_be_open) {
  Shelf shelf;
  shelf.add("a", 140)
      .add("b", 160)
      .add("c", 100, blocked)
      .add("d", 150, in_use)
      .add("e", 90, taken);
  BOOST_TEST(needs_of(shelf, 0) == "");
  BOOST_TEST(needs_of(shelf, 1) == "below 140");
  BOOST_TEST(needs_of(shelf, 2) == "open ");
  BOOST_TEST(needs_of(shelf, 3) == "unused below 140");
  BOOST_TEST(needs_of(shelf, 4) == "calm ");
}

BOOST_AUTO_TEST_CASE(of_equal_prices_the_first_is_taken_so_that_an_earlier_one_may_cost_the_same) {
  Shelf shelf;
  shelf.add("a", 150).add("b", 140);
  BOOST_TEST(needs_of(shelf, 0) == "below 141");
}

BOOST_AUTO_TEST_CASE(spot_hedge_spares_zones_that_preempted_us) {
  Shelf shelf;
  shelf.add("a", 100).add("b", 120).add("c", 130);
  shelf.preempting = {shelf.offers[0].place};
  BOOST_TEST(needs_of(shelf, 0, place_spot_hedge) == "spared ");
  BOOST_TEST(needs_of(shelf, 2, place_spot_hedge) == "below 120");
}

BOOST_AUTO_TEST_CASE(a_base_machine_is_taken_in_order_whatever_it_costs) {
  Shelf shelf;
  shelf.add("a", 0, blocked).add("b", 500).add("c", 400);
  BOOST_TEST(needs_of(shelf, 0, base) == "open ");
  BOOST_TEST(needs_of(shelf, 2, base) == "others blocked");
}

BOOST_AUTO_TEST_CASE(what_is_needed_is_enough_and_no_part_of_it_can_be_left_out) {
  std::mt19937_64 random(11);
  const auto below = [&](std::uint32_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  std::size_t with_needs = 0;
  for (int round = 0; round < 400; ++round) {
    Shelf shelf;
    const std::uint32_t count = 2 + below(5);
    for (std::uint32_t i = 0; i < count; ++i) {
      shelf.add(std::string(1, static_cast<char>('a' + i)), 100 + below(40),
                {.replicas_in_zone = below(2),
                 .is_blocked = below(3) == 0,
                 .took_lately = below(3) == 0,
                 .block_text = "capacity"});
      if (below(3) == 0) shelf.preempting.insert(shelf.offers.back().place);
    }
    const PlacementRule rule = below(2) == 0 ? PlacementRule(mixture) : place_spot_hedge;
    const auto view = shelf.view();
    for (std::size_t i = 0; i < count; ++i) {
      const auto needs = needs_to_be_chosen(rule, view, shelf.preempting, i);
      if (!needs) continue;
      const Price price = shelf.offers[i].price;
      const auto is_chosen = [&](const OfferNeeds& given, Price at) {
        return asked_with(rule, view, shelf.preempting, i, given, at).candidates[i].chosen;
      };
      const std::int64_t limit = needs->below.value_or(price).micro_usd_per_hour;
      BOOST_TEST_CONTEXT("round " << round << ", offer " << i) {
        BOOST_TEST(is_chosen(*needs, needs->below ? Price{limit - 1} : price));
        if (needs->below) BOOST_TEST(!is_chosen(*needs, *needs->below));
        with_needs += needs->is_nothing() ? 0 : 1;
        for (bool OfferNeeds::*part :
             {&OfferNeeds::open, &OfferNeeds::calm, &OfferNeeds::spared, &OfferNeeds::unused}) {
          OfferNeeds less = *needs;
          if (!(less.*part)) continue;
          less.*part = false;
          BOOST_TEST(!is_chosen(less, needs->below ? Price{limit - 1} : price));
        }
      }
    }
  }
  BOOST_TEST(with_needs > 500U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::core
