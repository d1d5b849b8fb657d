#include "cli/print_plan.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "adapters/json.h"
#include "adapters/service_file.h"
#include "cli/plan.h"
#include "core/offer_match.h"
#include "test/cli/golden.h"

namespace sky::cli {
namespace {

const char* const llama3 = R"(
envs: {MODEL_NAME: llama3}
secrets: {HF_TOKEN: hunter2}
resources: {cpus: 4+, memory: 8+, accelerators: "T4:1", ports: 8888, use_spot: true}
service:
  replica_policy:
    min_replicas: 2
    max_replicas: 4
    base_ondemand_fallback_replicas: 2
    target_qps_per_replica: 1
  readiness_probe:
    path: /v1/chat/completions
    initial_delay_seconds: 1800
    headers: {Authorization: Bearer $HF_TOKEN}
    post_data:
      model: $MODEL_NAME
      messages: [{role: user, content: "Hello! What is your name?"}]
      max_tokens: 1
run: serve
)";

core::ServiceSpec spec_of(const std::string& yaml, const adapters::LoadOptions& options = {}) {
  auto loaded = adapters::load_service(yaml, "llama3.yaml", options);
  BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().text));
  return loaded->spec;
}

core::Offer offer(const std::string& cloud, const std::string& zone, const std::string& type,
                  core::Market market, std::uint32_t memory_gib, std::int64_t micro_usd) {
  core::Offer made;
  made.place = {cloud, zone.empty() ? "home" : zone.substr(0, zone.size() - 1), zone};
  made.instance_type = type;
  made.market = market;
  made.accelerator = {"T4", 1};
  made.vcpus = 4;
  made.memory_mib = memory_gib * 1024;
  made.price = {micro_usd};
  made.on_demand_price = {market == core::Market::on_demand ? micro_usd
                          : cloud == "gcp"                  ? 585'000
                                                            : 526'000};
  return made;
}

std::vector<core::Offer> catalog() {
  using core::Market;
  return {offer("aws", "ap-northeast-3b", "g4dn.xlarge", Market::spot, 16, 140'000),
          offer("gcp", "us-east4-a", "n1-standard-4", Market::spot, 15, 150'000),
          offer("aws", "us-east-2a", "g4dn.xlarge", Market::spot, 16, 154'500),
          offer("aws", "us-east-2a", "g4dn.xlarge", Market::on_demand, 16, 526'000),
          offer("gcp", "us-east4-a", "n1-standard-4", Market::on_demand, 15, 585'000),
          offer("kubernetes", "", "4CPU--16GB--T4:1", Market::on_demand, 16, 0)};
}

std::string plan_of(const core::ServiceSpec& spec) {
  return plan_text(spec, core::matching_offers(spec.resources, catalog()));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_print_plan)

BOOST_AUTO_TEST_CASE(the_spec_is_echoed_line_by_line_and_secrets_are_not) {
  const std::string text = service_spec_text(spec_of(llama3), "llama3.yaml");

  BOOST_TEST(text == golden("spec_echo"));
}

BOOST_AUTO_TEST_CASE(every_kind_of_policy_has_its_words) {
  const auto echo = [](const std::string& policy) {
    return service_spec_text(
        spec_of("run: x\nresources: {ports: 80, use_spot: true}\nservice:\n  replica_policy: " +
                policy + "\n"),
        "s.yaml");
  };
  BOOST_TEST(contains(echo("{min_replicas: 1}"), "Fixed 1 replica\n"));
  BOOST_TEST(contains(echo("{min_replicas: 1}"), "Spot only, nothing stands in"));
  BOOST_TEST(contains(echo("{min_replicas: 3, base_ondemand_fallback_replicas: 1}"),
                      "Static spot mixture with 1 base on-demand replica\n"));
  BOOST_TEST(contains(echo("{min_replicas: 3, dynamic_ondemand_fallback: true}"),
                      "Dynamic on-demand fallback\n"));
  BOOST_TEST(contains(echo("{min_replicas: 3, dynamic_ondemand_fallback: true,"
                           " spot_placer: dynamic_fallback}"),
                      "Spot Policy:                      SpotHedge\n"));
  BOOST_TEST(contains(echo("{min_replicas: 3, spot_placer: dynamic_fallback}"),
                      "Spot only with dynamic_fallback placer\n"));
  BOOST_TEST(contains(echo("{min_replicas: 0, max_replicas: 4, target_qps_per_replica: 2.5,"
                           " num_overprovision: 2, target_concurrency_per_replica: 3}"),
                      "Autoscaling from 0 to 4 replicas with 2 overprovisioned replicas (target "
                      "QPS per replica: 2.5, target requests in flight per replica: 3)\n"));
  BOOST_TEST(contains(
      service_spec_text(spec_of("run: x\nresources: {ports: 80}\nservice: {}\n"), "s.yaml"),
      "No spot policy\n"));
}

BOOST_AUTO_TEST_CASE(the_plan_shows_both_pools_with_every_offer_and_its_price) {
  const std::string text = plan_of(spec_of(llama3));

  BOOST_TEST(text == golden("plan"));
}

BOOST_AUTO_TEST_CASE(a_sandbox_says_so_everywhere) {
  adapters::LoadOptions options;
  options.sandbox.enabled = true;
  const auto spec = spec_of(llama3, options);

  BOOST_TEST(contains(plan_of(spec), "== Optimizer ==  SANDBOX: replicas are processes"));
  BOOST_TEST(contains(service_spec_text(spec, "x"), "SANDBOX:  "));
}

BOOST_AUTO_TEST_CASE(forbidden_overflow_is_named_and_left_out_of_the_pool) {
  adapters::LoadOptions options;
  options.no_paid_overflow = true;
  auto spec = spec_of(llama3, options);
  const std::string text = plan_of(spec);
  BOOST_TEST(contains(text, "base replicas wait; --no-paid-overflow forbids AWS g4dn.xlarge"));
  BOOST_TEST(!contains(text, "0.585"));

  spec.resources.choices[0].place.cloud = "gcp";
  BOOST_TEST(contains(plan_of(spec), "no free machine fits, and --no-paid-overflow forbids paid"));
}

BOOST_AUTO_TEST_CASE(a_service_without_spot_has_one_pool_and_one_price) {
  auto spec = spec_of(
      "run: x\nresources: {ports: 80, accelerators: T4, infra: gcp}\n"
      "service: {replicas: 3}\n");
  const Plan plan = make_plan(spec, core::matching_offers(spec.resources, catalog()));

  BOOST_REQUIRE(plan.pools.size() == 1U);
  BOOST_TEST(plan.pools[0].most == 3U);
  BOOST_TEST(plan.pools[0].offers.size() == 1U);
  BOOST_TEST(plan.least_cost.micro_usd_per_hour == 3 * 585'000);
  BOOST_TEST((plan.least_cost == plan.most_cost && plan.most_cost == plan.most_on_demand));
  BOOST_TEST(contains(plan_of(spec), "Estimated cost: $1.755 / hour\n"));
}

BOOST_AUTO_TEST_CASE(the_fallback_pool_is_shown_and_costs_nothing_extra) {
  const auto spec = spec_of(
      "run: x\nresources: {ports: 80, accelerators: T4, use_spot: true}\n"
      "service: {replica_policy: {min_replicas: 2, dynamic_ondemand_fallback: true}}\n");
  const Plan plan = make_plan(spec, core::matching_offers(spec.resources, catalog()));

  BOOST_REQUIRE(plan.pools.size() == 2U);
  BOOST_TEST((plan.pools[1].pool == core::Pool::fallback));
  BOOST_TEST(plan.pools[1].most == 2U);
  BOOST_TEST(plan.most_cost.micro_usd_per_hour == 290'000);
}

BOOST_AUTO_TEST_CASE(spot_replicas_are_spread_over_places_even_at_one_price) {
  auto offers = catalog();
  offers.push_back(
      offer("aws", "ap-northeast-3b", "g4dn.2xlarge", core::Market::spot, 32, 141'000));
  auto spec = spec_of(llama3);
  spec.replicas.max_replicas = 5;
  const Plan plan = make_plan(spec, core::matching_offers(spec.resources, offers));

  std::vector<std::string> zones;
  for (const PlannedOffer& planned : plan.pools[1].offers)
    if (planned.chosen) zones.push_back(planned.offer.place.zone);
  const std::vector<std::string> expected = {"ap-northeast-3b", "us-east4-a", "us-east-2a"};
  BOOST_TEST(zones == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_plan_as_json_is_valid_and_has_the_same_prices) {
  const auto spec = spec_of(llama3);
  const auto json =
      adapters::parse_json(plan_json(spec, core::matching_offers(spec.resources, catalog())));

  BOOST_REQUIRE(json.has_value());
  const adapters::JsonView root(*json);
  BOOST_TEST(*root.at("most_usd_per_hour").as_number() == 0.29);
  BOOST_TEST(*root.at("paid_overflow").at("usd_per_hour").as_number() == 0.526);
  BOOST_TEST(root.at("pools").at(1).at("offers").size() == 3U);
  BOOST_TEST(*root.at("pools").at(1).at("offers").at(0).at("chosen").as_boolean());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::cli
