#include "core/offer_match.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace sky::core {
namespace {

Offer offer(const std::string& cloud, const std::string& region, const std::string& zone,
            const std::string& type, Market market, Accelerator accelerator, std::uint32_t vcpus,
            std::uint32_t memory_gib, std::int64_t micro_usd) {
  Offer made;
  made.place = {cloud, region, zone};
  made.instance_type = type;
  made.market = market;
  made.accelerator = std::move(accelerator);
  made.vcpus = vcpus;
  made.memory_mib = memory_gib * 1024;
  made.price = {micro_usd};
  return made;
}

std::vector<Offer> small_catalog() {
  const Accelerator t4{"T4", 1}, l4{"L4", 1}, none{};
  return {
      offer("gcp", "us-east4", "us-east4-a", "n1-standard-4", Market::spot, t4, 4, 15, 150'000),
      offer("gcp", "us-east4", "us-east4-a", "n1-standard-4", Market::on_demand, t4, 4, 15,
            585'000),
      offer("aws", "us-east-2", "us-east-2a", "g4dn.xlarge", Market::spot, t4, 4, 16, 140'000),
      offer("aws", "us-east-2", "us-east-2a", "g4dn.2xlarge", Market::spot, t4, 8, 32, 240'000),
      offer("aws", "us-east-2", "us-east-2a", "g6.xlarge", Market::on_demand, l4, 4, 16, 804'800),
      offer("aws", "us-east-2", "us-east-2a", "m6i.xlarge", Market::on_demand, none, 4, 16,
            192'000),
      offer("kubernetes", "home", "", "8CPU--32GB--T4:1", Market::on_demand, t4, 8, 32, 0),
      offer("kubernetes", "home", "", "4CPU--16GB--T4:1", Market::on_demand, t4, 4, 16, 0),
      offer("aws", "us-east-2", "us-east-2a", "g4dn.12xlarge", Market::spot, {"T4", 4}, 48, 192,
            1'350'000),
  };
}

Resources wanting(ResourceRequest request) {
  Resources resources;
  resources.choices = {std::move(request)};
  return resources;
}

ResourceRequest t4_spot() {
  ResourceRequest request;
  request.accelerators = {{"T4", 1}};
  request.vcpus = {4, true};
  request.memory_mib = {8 * 1024, true};
  request.use_spot = true;
  return request;
}

std::vector<std::string> types(const std::vector<Offer>& offers) {
  std::vector<std::string> names;
  for (const Offer& one : offers)
    names.push_back(one.instance_type + (one.is_spot() ? "[Spot]" : ""));
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(core_offer_match)

BOOST_AUTO_TEST_CASE(a_spot_service_gets_spot_and_on_demand_offers_cheapest_first) {
  const auto offers = matching_offers(wanting(t4_spot()), small_catalog());

  const Names expected = {"4CPU--16GB--T4:1",    "8CPU--32GB--T4:1",   "g4dn.xlarge[Spot]",
                          "n1-standard-4[Spot]", "g4dn.2xlarge[Spot]", "n1-standard-4"};
  BOOST_TEST(types(offers) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_on_demand_service_never_gets_a_spot_offer) {
  ResourceRequest request = t4_spot();
  request.use_spot = false;

  for (const Offer& one : matching_offers(wanting(request), small_catalog()))
    BOOST_TEST(!one.is_spot());
}

BOOST_AUTO_TEST_CASE(the_accelerator_count_is_exact_and_its_name_has_no_case) {
  ResourceRequest request = t4_spot();
  request.accelerators = {{"t4", 4}};

  const Names expected = {"g4dn.12xlarge[Spot]"};
  BOOST_TEST(types(matching_offers(wanting(request), small_catalog())) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_exact_amount_is_exact_and_a_plus_means_at_least) {
  ResourceRequest request = t4_spot();
  request.vcpus = {8, false};
  const Names eight = {"8CPU--32GB--T4:1", "g4dn.2xlarge[Spot]"};
  BOOST_TEST(types(matching_offers(wanting(request), small_catalog())) == eight,
             boost::test_tools::per_element());

  request.vcpus = {5, true};
  BOOST_TEST(types(matching_offers(wanting(request), small_catalog())) == eight,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(place_type_and_cost_narrow_the_list) {
  ResourceRequest request = t4_spot();
  request.place = {"gcp", "", "us-east4-a"};
  BOOST_TEST(matching_offers(wanting(request), small_catalog()).size() == 2U);

  request.max_hourly_cost = Price{200'000};
  BOOST_TEST(matching_offers(wanting(request), small_catalog()).size() == 1U);

  request = {};
  request.instance_type = "g6.xlarge";
  const Names typed = {"g6.xlarge"};
  BOOST_TEST(types(matching_offers(wanting(request), small_catalog())) == typed,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_accelerators_a_machine_that_has_some_is_the_last_resort) {
  ResourceRequest request;
  request.vcpus = {4, true};
  const Names plain = {"m6i.xlarge"};
  BOOST_TEST(types(matching_offers(wanting(request), small_catalog())) == plain,
             boost::test_tools::per_element());

  request.place.cloud = "kubernetes";
  const Names surplus = {"4CPU--16GB--T4:1", "8CPU--32GB--T4:1"};
  BOOST_TEST(types(matching_offers(wanting(request), small_catalog())) == surplus,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_list_of_accelerators_keeps_its_order_before_the_price) {
  ResourceRequest request;
  request.accelerators = {{"L4", 1}, {"T4", 1}};
  request.accelerators_ordered = true;
  const auto ordered = matching_offers(wanting(request), small_catalog());
  BOOST_TEST(ordered.front().instance_type == "g6.xlarge");

  request.accelerators_ordered = false;
  const auto any = matching_offers(wanting(request), small_catalog());
  BOOST_TEST(any.front().instance_type == "4CPU--16GB--T4:1");
}

BOOST_AUTO_TEST_CASE(ordered_choices_keep_their_order_and_no_offer_comes_twice) {
  ResourceRequest gcp = t4_spot(), any = t4_spot();
  gcp.place.cloud = "gcp";
  Resources resources;
  resources.choices = {gcp, any};
  resources.ordered = true;
  const Names expected = {"n1-standard-4[Spot]", "n1-standard-4",     "4CPU--16GB--T4:1",
                          "8CPU--32GB--T4:1",    "g4dn.xlarge[Spot]", "g4dn.2xlarge[Spot]"};
  BOOST_TEST(types(matching_offers(resources, small_catalog())) == expected,
             boost::test_tools::per_element());

  resources.ordered = false;
  BOOST_TEST(matching_offers(resources, small_catalog()).size() == expected.size());
  BOOST_TEST(matching_offers(resources, small_catalog()).front().instance_type ==
             "4CPU--16GB--T4:1");
}

BOOST_AUTO_TEST_CASE(when_nothing_matches_the_reason_is_named) {
  ResourceRequest request = t4_spot();
  request.accelerators = {{"H100", 8}};
  BOOST_TEST(matching_offers(wanting(request), small_catalog()).empty());
  BOOST_TEST(why_no_offer(wanting(request), small_catalog()) ==
             "no machine has H100:8; there is: L4:1, T4:1, T4:4");

  request = t4_spot();
  request.vcpus = {64, true};
  BOOST_TEST(why_no_offer(wanting(request), small_catalog()) ==
             "no such machine with 64 or more vCPUs");

  request = t4_spot();
  request.place.cloud = "aws";
  request.max_hourly_cost = Price{1};
  BOOST_TEST(why_no_offer(wanting(request), small_catalog()) ==
             "every such machine costs more than max_hourly_cost");
  BOOST_TEST(why_no_offer(wanting(request), {}) == "no cloud offers any machine");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::core
