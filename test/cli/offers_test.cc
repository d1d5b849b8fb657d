// What clouds sell and what they lack, as it travels from the daemon to a command.
#include "cli/offers.h"

#include <boost/test/unit_test.hpp>

#include "cli/cloud_check.h"
#include "core/offer_match.h"

namespace sky::cli {
namespace {

using adapters::Finding;

core::Offer spot_offer() {
  return {.place = {"aws", "us-east-2", "us-east-2a"},
          .instance_type = "g4dn.xlarge",
          .market = core::Market::spot,
          .accelerator = {"T4", 1},
          .vcpus = 4,
          .memory_mib = 16384,
          .price = {140'001},
          .on_demand_price = {526'000}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_offers)

BOOST_AUTO_TEST_CASE(offers_come_back_from_json_as_they_were) {
  const OffersFound sent{{spot_offer(), sandbox_offers().offers.front()}, {"gcp: quota"}};
  const auto found = parse_offers(to_json(sent));
  BOOST_REQUIRE(found);
  BOOST_TEST((found->offers == sent.offers));
  BOOST_TEST(found->problems == sent.problems, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(
    when_nothing_fits_the_error_names_the_file_and_the_clouds_that_could_not_tell) {
  core::ServiceSpec spec;
  spec.resources.choices.emplace_back();
  spec.resources.choices.front().accelerators = {{"H200", 1}};
  const auto none = offers_that_fit(spec, {{spot_offer()}, {"gcp: no answer"}}, "llama3.yaml");
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().text ==
             "llama3.yaml: no machine has H200:1; there is: T4:1\n  gcp: no answer");
}

BOOST_AUTO_TEST_CASE(findings_come_back_from_json_and_only_what_is_missing_is_a_failure) {
  std::vector<CloudFindings> found{
      {"aws", {{Finding::Grade::good, "who we are", {}}}},
      {"kubernetes", {{Finding::Grade::advice, "a label", "do\nthis"}}}};
  BOOST_TEST(is_all_well(found));
  const auto read = parse_findings(to_json(found));
  BOOST_REQUIRE(read);
  BOOST_TEST(to_json(*read) == to_json(found));
  BOOST_TEST(findings_text(found) ==
             "aws\n  ok      who we are\n"
             "kubernetes\n  advice  a label\n          do\n          this\n");

  found[0].findings.push_back({Finding::Grade::missing, "a right", {}});
  BOOST_TEST(!is_all_well(found));
  BOOST_TEST(!is_all_well({}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
