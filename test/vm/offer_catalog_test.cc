#include "adapters/vm/offer_catalog.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "core/offer_match.h"

namespace sky::adapters::vm {
namespace {

core::Offer an_offer(const std::string& zone, core::Market market, std::int64_t micro_usd,
                     std::int64_t on_demand = 500'000) {
  core::Offer offer;
  offer.place = {"aws", "us-east-1", zone};
  offer.instance_type = "g4dn.xlarge";
  offer.accelerator = {"T4", 1};
  offer.market = market;
  offer.price = {micro_usd};
  offer.on_demand_price = {market == core::Market::spot ? on_demand : micro_usd};
  return offer;
}

std::vector<core::Offer> both_clouds() {
  auto offers = catalog_offers("aws");
  const auto gcp = catalog_offers("gcp");
  offers.insert(offers.end(), gcp.begin(), gcp.end());
  return offers;
}

core::Resources resources_of(std::vector<core::ResourceRequest> choices) {
  core::Resources resources;
  resources.choices = std::move(choices);
  return resources;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vm_offer_catalog)

BOOST_AUTO_TEST_CASE(both_clouds_sell_what_models_are_served_on) {
  for (const char* cloud : {"aws", "gcp"}) {
    std::set<std::string> accelerators;
    for (const core::Offer& offer : catalog_offers(cloud))
      accelerators.insert(offer.accelerator.name);
    for (const char* name : {"", "T4", "L4", "A100", "A100-80GB", "H100", "H200"})
      BOOST_TEST(accelerators.contains(name), cloud << " " << name);
  }
  BOOST_TEST(catalog_offers("azure").empty());
}

BOOST_AUTO_TEST_CASE(no_offer_of_the_table_is_there_twice_or_unsound) {
  const auto offers = both_clouds();
  std::set<std::tuple<core::Place, std::string, core::Accelerator, core::Market>> seen;
  for (const core::Offer& offer : offers) {
    BOOST_TEST_CONTEXT(to_text(offer.place) << " " << offer.instance_type) {
      BOOST_TEST(
          seen.insert({offer.place, offer.instance_type, offer.accelerator, offer.market}).second);
      BOOST_TEST(offer.place.zone.starts_with(offer.place.region));
      BOOST_TEST(offer.vcpus > 0U);
      BOOST_TEST(offer.memory_mib >= offer.vcpus * 2 * 1024);
      BOOST_CHECK(offer.price <= offer.on_demand_price);
    }
  }
  const SaneOffers sane = sane_offers(offers);
  BOOST_TEST(sane.notes.empty());
  BOOST_CHECK(sane.offers == offers);
}

BOOST_AUTO_TEST_CASE(a_service_file_finds_its_offers_cheapest_first) {
  core::ResourceRequest t4;
  t4.accelerators = {{"T4", 1}};
  t4.vcpus = {4, true};
  t4.use_spot = true;
  const auto offers = core::matching_offers(resources_of({t4}), both_clouds());
  BOOST_REQUIRE(!offers.empty());
  BOOST_TEST(offers.front().is_spot());
  std::set<std::string> clouds;
  for (const core::Offer& offer : offers) clouds.insert(offer.place.cloud);
  BOOST_TEST(clouds.size() == 2U);
  BOOST_TEST(std::is_sorted(offers.begin(), offers.end(),
                            [](const auto& a, const auto& b) { return a.price < b.price; }));
}

BOOST_AUTO_TEST_CASE(order_places_and_a_limit_of_cost_are_kept) {
  core::ResourceRequest first, second;
  first.accelerators = {{"L4", 1}};
  first.place.cloud = "aws";
  first.max_hourly_cost = core::Price{900'000};
  second.accelerators = {{"T4", 1}};
  second.place = {"gcp", "us-east4", ""};
  auto resources = resources_of({first, second});
  resources.ordered = true;
  const auto offers = core::matching_offers(resources, both_clouds());
  BOOST_TEST(offers.front().accelerator.name == "L4");
  BOOST_TEST(offers.back().place.region == "us-east4");
  for (const core::Offer& offer : offers)
    if (offer.accelerator.name == "L4") BOOST_CHECK(offer.price <= core::Price{900'000});
}

BOOST_AUTO_TEST_CASE(live_prices_say_what_spot_costs_and_which_zones_there_are) {
  const std::vector<core::Offer> offers = {an_offer("us-east-1a", core::Market::on_demand, 500'000),
                                           an_offer("us-east-1a", core::Market::spot, 200'000),
                                           an_offer("us-east-1b", core::Market::on_demand, 500'000),
                                           an_offer("us-east-1b", core::Market::spot, 200'000)};
  const auto live = with_spot_prices(offers, "us-east-1",
                                     {{"us-east-1b", "g4dn.xlarge", {150'000}},
                                      {"us-east-1z", "g4dn.xlarge", {90'000}},
                                      {"us-east-1a", "other", {1}}});
  BOOST_REQUIRE(live.size() == 4U);
  std::set<std::string> zones;
  for (const core::Offer& offer : live) {
    zones.insert(offer.place.zone);
    if (offer.is_spot())
      BOOST_TEST(offer.price.micro_usd_per_hour ==
                 (offer.place.zone == "us-east-1b" ? 150'000 : 90'000));
    else
      BOOST_TEST(offer.price.micro_usd_per_hour == 500'000);
  }
  BOOST_CHECK((zones == std::set<std::string>{"us-east-1b", "us-east-1z"}));
  BOOST_CHECK(with_spot_prices(offers, "us-east-2", {{"x", "g4dn.xlarge", {1}}}) == offers);
}

BOOST_AUTO_TEST_CASE(spot_is_never_above_on_demand_and_unknown_is_not_free) {
  const SaneOffers sane = sane_offers({an_offer("a", core::Market::spot, 600'000, 500'000),
                                       an_offer("b", core::Market::spot, 0, 500'000)});
  BOOST_REQUIRE(sane.offers.size() == 1U);
  BOOST_TEST(sane.offers[0].price.micro_usd_per_hour == 500'000);
  BOOST_TEST(sane.notes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_outlier_is_taken_for_the_median_and_a_real_spread_is_left_alone) {
  std::vector<core::Offer> offers;
  for (const char* zone : {"a", "b", "c", "d"})
    offers.push_back(an_offer(zone, core::Market::spot, 300'000, 5'000'000));
  offers.push_back(an_offer("e", core::Market::spot, 20'000, 5'000'000));  // a fifteenth
  offers.push_back(an_offer("f", core::Market::spot, 2'100'000, 5'000'000));  // seven times
  const SaneOffers sane = sane_offers(offers);
  BOOST_TEST(sane.offers[4].price.micro_usd_per_hour == 300'000);
  BOOST_TEST(sane.offers[5].price.micro_usd_per_hour == 2'100'000);
  BOOST_TEST(sane.notes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(two_places_are_too_few_to_call_one_an_outlier) {
  const SaneOffers sane = sane_offers({an_offer("a", core::Market::on_demand, 100'000),
                                       an_offer("b", core::Market::on_demand, 900'000)});
  BOOST_TEST(sane.notes.empty());
}

BOOST_AUTO_TEST_CASE(a_mistake_in_a_table_is_named_with_its_line) {
  const auto error_of = [](const std::string& yaml) {
    const auto parsed = parse_offer_catalog(yaml, "mine.yaml");
    return parsed ? std::string("no error") : parsed.error().text;
  };
  const std::string regions =
      "clouds:\n  aws:\n    regions:\n      r: {zones: [ra], on_demand: 100, spot: 100}\n";
  BOOST_TEST(error_of(regions + "    machines:\n      m: {vcpus: 2, memory_gb: 4, on_demand: x}\n")
                 .find("mine.yaml:6") != std::string::npos);
  BOOST_TEST(
      error_of(regions + "    machines:\n      m: {vcpus: 2, on_demand: 1}\n").find("memory_gb") !=
      std::string::npos);
  BOOST_TEST(error_of(regions + "    machines:\n      m: {vcpus: 2, memory_gb: 4, on_demand: 1, "
                                "regions: [q]}\n")
                 .find("`q`") != std::string::npos);
  BOOST_TEST(error_of(regions + "    machines:\n      m: {vcpus: 2, memory_gb: 4, on_demand: 1, "
                                "accelerator: T4}\n")
                 .find("NAME:COUNT") != std::string::npos);
  BOOST_TEST(error_of("clouds: {aws: {regions: {r: {on_demand: 1, spot: 1}}}}").find("zones") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(prices_are_exact_to_a_millionth) {
  BOOST_TEST(read_price("0.14")->micro_usd_per_hour == 140'000);
  BOOST_TEST(read_price("32.7726")->micro_usd_per_hour == 32'772'600);
  BOOST_TEST(read_price("1")->micro_usd_per_hour == 1'000'000);
  BOOST_TEST(read_price("0.1234567")->micro_usd_per_hour == 123'456);
  for (const char* text : {"", ".5", "-1", "1e3", "x", "0.1.2", "1,5", "0.123456x"})
    BOOST_TEST(!read_price(text), text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::vm
