#include <boost/test/unit_test.hpp>

#include "adapters/json.h"
#include "cli/print_what_if.h"

namespace sky::cli {
namespace {

using core::seconds;

projections::ServiceScore score(std::int64_t at_target, std::uint32_t launches) {
  projections::ServiceScore made;
  made.wanted = seconds(1000);
  made.at_target = seconds(at_target);
  made.nothing_ready = seconds(10);
  made.target_time = seconds(4000);
  made.ready_time = seconds(3500);
  made.arrived = 500;
  made.failed = 2;
  made.waited = 7;
  made.crowded = 40;
  made.launches = launches;
  made.spent = {1'234'500'000};
  made.all_on_demand = {4'000'000'000};
  return made;
}

WhatIfAnswer answer() {
  WhatIfAnswer made;
  made.service = "llama";
  made.begin = {core::Instant(seconds(100)), core::WallTime(seconds(1'790'000'000))};
  made.end = {core::Instant(seconds(1100)), core::WallTime(seconds(1'790'001'000))};
  made.policy.max_replicas = 4;
  made.policy.target_qps_per_replica = core::MilliRps{1500};
  made.other_policy = made.policy;
  made.other_policy.max_replicas = 8;
  made.other_policy.placement = core::Placement::spot_hedge;
  made.recorded = score(990, 5);
  made.same = score(980, 6);
  made.other = score(999, 9);
  made.evidence.granted = 4;
  made.evidence.refused = 1;
  made.evidence.taken = 1;
  made.offers_without_evidence = 3;
  made.launches_without_evidence = 2;
  made.provisioning = seconds(60);
  made.startup = seconds(120);
  return made;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(what_if)

BOOST_AUTO_TEST_CASE(the_three_pasts_stand_side_by_side_and_the_changed_keys_above_them) {
  const std::string text = what_if_text(answer(), {.utc = true, .color = false});
  BOOST_TEST(has(text, "llama from 2026-09-21 14:13:20.000 UTC to 2026-09-21 14:30:00.000 UTC"));
  BOOST_TEST(has(text, "max_replicas 4 -> 8\n"));
  BOOST_TEST(has(text, "placement static_mixture -> spot_hedge\n"));
  BOOST_TEST(!has(text, "min_replicas"));
  BOOST_TEST(has(text, "RECORDED  SAME POLICY*  WHAT IF*\n"));
  BOOST_TEST(has(text, "99.00%    98.00%        99.90%\n"));
  BOOST_TEST(has(text, "  above the recorded target QPS"));
  BOOST_TEST(!has(text, "SANDBOX"));
}

BOOST_AUTO_TEST_CASE(it_says_that_it_is_an_estimate_and_what_it_assumed) {
  WhatIfAnswer asked = answer();
  asked.left_out = {"resources", "run"};
  const std::string text = what_if_text(asked, {});
  for (const char* words :
       {"an estimate", "4 were granted and 1 refused, and 1 machine taken back", "at most 1800 s",
        "knows nothing of 3 offers", "2 of the launches", "60 s for the machine, 120 s more",
        "the file's resources, run changed nothing"})
    BOOST_TEST(has(text, words), words);
}

BOOST_AUTO_TEST_CASE(without_a_target_per_replica_nothing_is_above_it) {
  WhatIfAnswer asked = answer();
  asked.policy.target_qps_per_replica.reset();
  asked.is_sandbox = true;
  const std::string text = what_if_text(asked, {});
  BOOST_TEST(!has(text, "above the recorded target"));
  BOOST_TEST(text.starts_with("SANDBOX llama"));
}

BOOST_AUTO_TEST_CASE(an_unchanged_policy_is_said_to_be_one) {
  WhatIfAnswer asked = answer();
  asked.other_policy = asked.policy;
  BOOST_TEST(has(what_if_text(asked, {}), "What if nothing were changed?"));
}

BOOST_AUTO_TEST_CASE(the_document_holds_what_the_table_holds) {
  const auto document = adapters::parse_json(what_if_json(answer()));
  BOOST_REQUIRE(document);
  const adapters::JsonView root(*document);
  BOOST_TEST(root.at("is_estimate").boolean_or(false));
  BOOST_TEST(root.at("changes").size() == 2);
  BOOST_TEST(*root.at("recorded").at("availability").as_number() == 0.99);
  BOOST_TEST(*root.at("same_policy").at("availability").as_number() == 0.98);
  const adapters::JsonView other = root.at("what_if");
  BOOST_TEST(other.at("launches").integer_or(0) == 9);
  BOOST_TEST(*other.at("mean_target").as_number() == 4);
  BOOST_TEST(*other.at("usd").as_number() == 1.2345);
  BOOST_TEST(other.at("requests_waited").integer_or(0) == 7);
  BOOST_TEST(root.at("evidence").at("launches_without").integer_or(0) == 2);
  BOOST_TEST(root.at("assumptions").size() == 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
