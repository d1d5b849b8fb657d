#include <boost/test/unit_test.hpp>

#include "adapters/policy_change.h"
#include "adapters/service_file.h"
#include "core/policies/policy_name.h"

namespace sky::adapters {
namespace {

using Assignments = std::vector<std::string>;

core::ServiceSpec usual_spec() {
  core::ServiceSpec spec;
  spec.name = "llama";
  spec.replicas.min_replicas = 2;
  spec.replicas.max_replicas = 4;
  spec.replicas.target_qps_per_replica = core::MilliRps{1000};
  spec.replicas.base_ondemand_fallback_replicas = 1;
  spec.replicas.upscale_delay = core::seconds(60);
  return spec;
}

core::Result<core::ReplicaPolicy> changed(const std::optional<std::string>& text,
                                          const Assignments& assignments = {}) {
  const auto change = PolicyChange::read(text, "policy.yaml", assignments);
  if (!change) return change.error();
  return change->apply(usual_spec());
}

std::string problem(const std::optional<std::string>& text, const Assignments& assignments = {}) {
  const auto policy = changed(text, assignments);
  return policy ? "" : policy.error().text;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(policy_change)

BOOST_AUTO_TEST_CASE(a_policy_file_changes_the_keys_it_names_and_no_other) {
  const auto policy = changed("replica_policy:\n  max_replicas: 8\n  placement: spot_hedge\n");
  BOOST_REQUIRE(policy);
  core::ReplicaPolicy expected = usual_spec().replicas;
  expected.max_replicas = 8;
  expected.placement = core::Placement::spot_hedge;
  BOOST_TEST((*policy == expected));
}

BOOST_AUTO_TEST_CASE(a_service_file_replaces_the_whole_policy_and_says_what_else_it_holds) {
  const std::string text =
      "service:\n  readiness_probe: /health\n  replica_policy:\n    min_replicas: 3\n"
      "resources:\n  ports: 80\nrun: serve\n";
  const auto change = PolicyChange::read(text, "service.yaml", {});
  BOOST_REQUIRE(change);
  const auto policy = change->apply(usual_spec());
  BOOST_REQUIRE(policy);
  core::ReplicaPolicy expected;
  expected.min_replicas = 3;
  BOOST_TEST((*policy == expected));
  const Assignments left_out = {"resources", "run", "service.readiness_probe"};
  BOOST_TEST(change->left_out() == left_out, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_service_file_with_a_fixed_number_of_replicas_asks_for_that_number) {
  const auto policy = changed("service:\n  readiness_probe: /\n  replicas: 5\n");
  BOOST_REQUIRE(policy);
  BOOST_TEST(policy->min_replicas == 5);
  BOOST_TEST(!policy->max_replicas);
}

BOOST_AUTO_TEST_CASE(assignments_stand_alone_or_come_on_top_of_a_file) {
  const auto alone = changed({}, {"replica_policy.min_replicas=3"});
  BOOST_REQUIRE(alone);
  BOOST_TEST(alone->min_replicas == 3);
  BOOST_TEST(alone->upper_limit() == 4);
  const auto both =
      changed("replica_policy:\n  max_replicas: 8\n", {"service.replica_policy.max_replicas=9"});
  BOOST_REQUIRE(both);
  BOOST_TEST(both->upper_limit() == 9);
}

BOOST_AUTO_TEST_CASE(another_target_takes_the_place_of_the_one_there_was) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas.target_qps_per_replica.reset();
  spec.replicas.target_qps_per_accelerator = {{"T4", core::MilliRps{500}}};
  spec.replicas.base_ondemand_fallback_replicas = 0;
  const auto change = PolicyChange::read({}, "", {"replica_policy.target_qps_per_replica=2"});
  BOOST_REQUIRE(change);
  const auto policy = change->apply(spec);
  BOOST_REQUIRE(policy);
  BOOST_TEST(policy->target_qps_per_accelerator.empty());
  BOOST_TEST((policy->target_qps_per_replica == core::MilliRps{2000}));
}

BOOST_AUTO_TEST_CASE(spot_hedge_can_be_given_up_again) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas.placement = core::Placement::spot_hedge;
  const auto change = PolicyChange::read({}, "", {"replica_policy.placement=static_mixture"});
  BOOST_REQUIRE(change);
  const auto policy = change->apply(spec);
  BOOST_REQUIRE(policy);
  BOOST_TEST((policy->placement == core::Placement::static_mixture));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_place_and_the_way_out) {
  const std::string typo = problem("replica_policy:\n  max_replica: 8\n");
  BOOST_TEST(has(typo, "policy.yaml:2"));
  BOOST_TEST(has(typo, "max_replicas"));
  BOOST_TEST(has(problem("replica_policy:\n  max_replicas: 1\n"),
                 "max_replicas (1) is less than min_replicas (2)"));
  BOOST_TEST(has(problem("resources:\n  cpus: 4\n"), "policy.yaml:1"));
  BOOST_TEST(has(problem("- 1\n"), "must be a map"));
  BOOST_TEST(has(problem("service:\n  readiness_probe: /\n"), "no replica_policy"));
  BOOST_TEST(has(problem("service: 3\n"), "no replica_policy"));
  BOOST_TEST(has(problem("replica_policy: 3\n"), "must be a map"));
  BOOST_TEST(has(problem("service:\n  replicas: 2\n  replica_policy:\n    min_replicas: 1\n"),
                 "use one of the two"));
  BOOST_TEST(has(problem({}, {"resources.use_spot=false"}), "only keys of replica_policy"));
  BOOST_TEST(has(problem({}, {"replica_policy.max_replicas"}), "KEY=VALUE"));
  BOOST_TEST(has(problem({}, {"replica_policy.max_replicas=many"}), "max_replicas"));
}

BOOST_AUTO_TEST_CASE(every_placement_policy_is_a_choice_and_an_availability_alone_is_enough) {
  const auto policy_of = [](const std::string& keys) {
    auto loaded = load_service(
        "run: x\nresources: {ports: 80, use_spot: true}\nservice:\n"
        "  replica_policy: {min_replicas: 2, " +
            keys + "}\n",
        "s.yaml", {});
    BOOST_REQUIRE(loaded);
    return loaded->spec.replicas;
  };
  for (const std::string& name : core::policy_names())
    BOOST_TEST(core::placement_text(policy_of("placement: " + name)) == name);
  const auto artifact = policy_of("placement: 'spot_hedge:rule=artifact', num_overprovision: 1");
  BOOST_TEST((artifact.placement == core::Placement::spot_hedge));
  BOOST_TEST(artifact.market.forgives_late);
  const auto alone = policy_of("availability: 99.5");
  BOOST_TEST(core::placement_text(alone) == "hazard_hedge:availability=99.5");
  BOOST_TEST(core::placement_text(policy_of("availability: 99, placement: hazard_hedge_safe")) ==
             "hazard_hedge_safe:availability=99");
  BOOST_TEST((policy_of("base_ondemand_fallback_replicas: 1").placement ==
              core::Placement::static_mixture));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
