#include "adapters/sandbox/catalog.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

namespace sky::adapters::sandbox {
namespace {

std::vector<core::Offer> cheapest_first(const std::string& cloud, core::Market market,
                                        const std::string& accelerator) {
  std::vector<core::Offer> offers = catalog().offers();
  std::erase_if(offers, [&](const core::Offer& offer) {
    return offer.place.cloud != cloud || offer.market != market ||
           offer.accelerator.name != accelerator;
  });
  std::stable_sort(offers.begin(), offers.end(),
                   [](const auto& a, const auto& b) { return a.price < b.price; });
  return offers;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_sandbox_catalog)

BOOST_AUTO_TEST_CASE(the_cheapest_t4_offers_are_those_of_the_example) {
  const auto aws = cheapest_first("aws", core::Market::spot, "T4");
  const auto gcp = cheapest_first("gcp", core::Market::spot, "T4");
  const auto gcp_on_demand = cheapest_first("gcp", core::Market::on_demand, "T4");

  BOOST_TEST(aws.front().instance_type == "g4dn.xlarge");
  BOOST_TEST(aws.front().place.zone == "ap-northeast-3b");
  BOOST_TEST(aws.front().price.micro_usd_per_hour == 140'000);
  BOOST_TEST(aws.front().vcpus == 4U);
  BOOST_TEST(aws.front().memory_mib == 16U * 1024);
  BOOST_TEST(gcp.front().instance_type == "n1-standard-4");
  BOOST_TEST(gcp.front().place.zone == "us-east4-a");
  BOOST_TEST(gcp.front().price.micro_usd_per_hour == 150'000);
  BOOST_TEST(gcp.front().memory_mib == 15U * 1024);
  BOOST_TEST(4 * gcp_on_demand.front().price.micro_usd_per_hour == 2'340'000);
}

BOOST_AUTO_TEST_CASE(zones_differ_in_price_and_spot_is_always_the_cheaper_market) {
  const auto t4 = cheapest_first("aws", core::Market::spot, "T4");
  BOOST_TEST(t4[0].price.micro_usd_per_hour < t4[1].price.micro_usd_per_hour);

  for (const core::Offer& offer : catalog().offers()) {
    if (offer.market != core::Market::spot) continue;
    BOOST_TEST((offer.price < offer.on_demand_price), offer.instance_type << offer.place.zone);
    BOOST_TEST(offer.price.micro_usd_per_hour > 0);
  }
}

BOOST_AUTO_TEST_CASE(no_offer_appears_twice_and_every_accelerator_class_is_there) {
  std::set<std::tuple<core::Place, std::string, core::Market>> seen;
  std::set<std::string> accelerators;
  for (const core::Offer& offer : catalog().offers()) {
    BOOST_TEST(seen.insert({offer.place, offer.instance_type, offer.market}).second);
    accelerators.insert(offer.accelerator.name);
  }
  for (const char* name : {"", "T4", "L4", "A100-80GB"}) BOOST_TEST(accelerators.count(name) == 1U);
}

BOOST_AUTO_TEST_CASE(kubernetes_is_free_and_has_three_nodes_with_a_t4) {
  const CatalogCloud* cluster = catalog().find("kubernetes");
  BOOST_REQUIRE(cluster != nullptr);

  BOOST_TEST(cluster->nodes.count == 3U);
  BOOST_TEST(cluster->nodes.vcpus == 16U);
  BOOST_TEST((cluster->nodes.accelerator == core::Accelerator{"T4", 1}));
  for (const CatalogOffer& entry : cluster->offers) {
    BOOST_TEST(!entry.offer.is_paid());
    BOOST_TEST((entry.offer.place == core::Place{"kubernetes", "sandbox", ""}));
  }
  BOOST_TEST(core::whole_seconds(catalog().find("aws")->notice) == 120);
  BOOST_TEST(core::whole_seconds(catalog().find("gcp")->notice) == 30);
}

BOOST_AUTO_TEST_CASE(a_wrong_catalog_names_the_line) {
  const auto missing = parse_catalog("clouds:\n  - name: x\n");
  BOOST_REQUIRE(!missing.has_value());
  BOOST_TEST(missing.error().text.find("line 2") != std::string::npos);
  BOOST_TEST(missing.error().text.find("notice_seconds") != std::string::npos);
  BOOST_TEST(!parse_catalog("][").has_value());
  BOOST_TEST(!parse_catalog("clouds: 3").value().find("aws"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::sandbox
