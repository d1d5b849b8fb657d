// The defects found in SkyServe's autoscaler, A1 to A12, each as a story that ends well here.
#include <boost/test/unit_test.hpp>

#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::MilliRps;
using core::Phase;
using core::seconds;

void update(World& world, core::ServiceSpec spec) {
  BOOST_REQUIRE(!world
                     .send(core::UpdateRequested{std::move(spec), world.offers,
                                                 core::UpdateMode::rolling, "ada"})
                     .rejection);
}

core::ServiceSpec plain_spec(std::uint32_t min, std::uint32_t max) {
  core::ServiceSpec spec = usual_spec();
  spec.resources.choices[0].use_spot = false;
  spec.replicas.base_ondemand_fallback_replicas = 0;
  spec.replicas.min_replicas = min;
  spec.replicas.max_replicas = max;
  return spec;
}

core::ServiceSpec spec_by_accelerator(std::uint32_t min, std::uint32_t max) {
  core::ServiceSpec spec = plain_spec(min, max);
  spec.replicas.target_qps_per_replica.reset();
  spec.replicas.target_qps_per_accelerator = {{"T4", MilliRps{1000}}, {"A100", MilliRps{4000}}};
  return spec;
}

BOOST_AUTO_TEST_SUITE(skyserve_defects)

BOOST_AUTO_TEST_CASE(a1_a_base_pool_larger_than_the_minimum_exists_from_the_start) {
  World world;
  core::ServiceSpec spec = usual_spec();
  spec.replicas.min_replicas = 1;
  spec.replicas.base_ondemand_fallback_replicas = 2;
  world.up(spec);
  world.pass(seconds(20));
  BOOST_TEST(world.count(Phase::ready) == 2u);
}

BOOST_AUTO_TEST_CASE(a1_scale_to_zero_removes_the_base_pool_and_a_request_brings_it_back) {
  World world;
  core::ServiceSpec spec = usual_spec();
  spec.replicas.min_replicas = 0;
  world.up(spec);
  world.pass(seconds(20));
  BOOST_TEST((status_of(world.service()) == ServiceStatus::no_replica));
  world.arrivals["llama"] = 1;
  world.pass(seconds(20));
  BOOST_TEST(world.count(Phase::ready) == 2u);
  world.arrivals.clear();
  world.pass(seconds(60));
  BOOST_TEST(world.live() == 0u);
  BOOST_TEST(world.machines.empty());
}

BOOST_AUTO_TEST_CASE(a2_targets_by_accelerator_together_with_a_base_pool_work) {
  World world;
  core::ServiceSpec spec = spec_by_accelerator(2, 4);
  spec.resources.choices[0].use_spot = true;
  spec.replicas.base_ondemand_fallback_replicas = 1;
  world.up(spec);
  world.arrivals["llama"] = 4;
  world.pass(seconds(60));
  BOOST_TEST(world.count(Phase::ready) == 4u);
}

BOOST_AUTO_TEST_CASE(a3_instance_aware_scaling_starts_from_zero) {
  World world;
  world.up(spec_by_accelerator(0, 8));
  world.arrivals["llama"] = 5;
  world.pass(seconds(60));
  BOOST_TEST(world.count(Phase::ready) >= 5u);  // T4: one request a second each
}

BOOST_AUTO_TEST_CASE(a4_instance_aware_scaling_down_takes_the_one_that_is_not_ready) {
  std::vector<core::Offer> offers = {offer("aws", "east-a", core::Market::on_demand, 500)};
  World world(offers);
  core::ServiceSpec spec = spec_by_accelerator(1, 3);
  spec.replicas.downscale_delay = seconds(0);
  spec.replicas.upscale_delay = seconds(0);
  world.up(spec);
  world.pass(seconds(20));
  world.startup = seconds(1000);
  world.arrivals["llama"] = 2;
  world.pass(seconds(12));
  BOOST_REQUIRE_EQUAL(world.count(Phase::ready), 1u);
  BOOST_REQUIRE_EQUAL(world.count(Phase::starting), 1u);
  world.arrivals["llama"] = 1;
  world.pass(seconds(20));
  BOOST_TEST(world.count(Phase::ready) == 1u);
  BOOST_TEST(world.live() == 1u);
}

BOOST_AUTO_TEST_CASE(a5_failed_rows_are_no_capacity) {
  World world;
  core::ServiceSpec spec = spec_by_accelerator(1, 8);
  world.up(spec);
  world.pass(seconds(20));
  for (int i = 0; i < 3; ++i) {  // each leaves a row behind
    world.change(world.service().replicas.rbegin()->first.value,
                 core::InstanceChange::user_code_ended);
    world.pass(seconds(120));
  }
  BOOST_REQUIRE_EQUAL(world.count(Phase::failed), 3u);
  world.arrivals["llama"] = 2;
  world.pass(seconds(60));
  BOOST_TEST(world.service().target == 2u);
}

BOOST_AUTO_TEST_CASE(a6_an_update_scales_by_its_own_target_at_once) {
  World world;
  world.up(plain_spec(1, 10));
  world.arrivals["llama"] = 10;
  world.pass(seconds(60));
  BOOST_REQUIRE_EQUAL(world.service().target, 10u);
  core::ServiceSpec spec = plain_spec(1, 10);
  spec.replicas.target_qps_per_replica = MilliRps{5000};
  update(world, spec);
  BOOST_TEST(world.service().target == 2u);
  world.pass(seconds(10));
  BOOST_TEST(world.count(Phase::ready) == 2u);
  BOOST_TEST(world.launches == 10u);  // the running ones serve on
}

BOOST_AUTO_TEST_CASE(a7_an_update_applies_a_changed_overprovision) {
  World world;
  world.up(plain_spec(2, 4));
  world.pass(seconds(20));
  core::ServiceSpec spec = plain_spec(2, 4);
  spec.replicas.num_overprovision = 2;
  update(world, spec);
  world.pass(seconds(20));
  BOOST_TEST(world.count(Phase::ready) == 4u);
}

BOOST_AUTO_TEST_CASE(a8_after_a_restart_the_version_is_still_known) {
  World world;
  world.up(plain_spec(2, 4));
  world.pass(seconds(20));
  for (int i = 0; i < 2; ++i) {
    core::ServiceSpec spec = plain_spec(2, 4);
    spec.task.run = "version " + std::to_string(i);
    update(world, spec);
    world.pass(seconds(120));
  }
  BOOST_REQUIRE_EQUAL(world.service().version.value, 3u);
  const std::size_t before = world.launches;
  world.restart();
  world.pass(seconds(300));
  BOOST_TEST(world.launches == before);
  BOOST_TEST(world.count(Phase::ready) == 2u);
}

BOOST_AUTO_TEST_CASE(a9_a_restart_does_not_shrink_the_fleet) {
  World world;
  world.up(plain_spec(2, 6));
  world.arrivals["llama"] = 6;
  world.pass(seconds(60));
  BOOST_REQUIRE_EQUAL(world.count(Phase::ready), 6u);
  for (const int away : {1, 20, 600}) {
    world.restart(seconds(away));
    BOOST_TEST(world.service().target == 6u);
    world.pass(seconds(60));
    BOOST_TEST(world.count(Phase::ready) == 6u);
    BOOST_TEST(world.launches == 6u);
  }
}

// While nobody knows the load of the time away, the target stays; once is enough to say so.
BOOST_AUTO_TEST_CASE(after_a_restart_the_end_of_a_wait_is_recorded_once) {
  World world;
  world.up(plain_spec(2, 6));
  world.arrivals["llama"] = 6;
  world.pass(seconds(60));
  world.arrivals["llama"] = 4;
  world.pass(seconds(15));
  BOOST_REQUIRE((world.service().last_evaluation.verdict == core::ScaleVerdict::waiting_to_lower));
  const std::size_t before = world.all<core::ScaleEvaluated>().size();
  world.restart(seconds(3));
  world.pass(seconds(8));
  BOOST_TEST(world.service().target == 6u);
  BOOST_TEST(world.all<core::ScaleEvaluated>().size() <= before + 2);
}

BOOST_AUTO_TEST_CASE(a10_replica_ids_go_on_after_a_restart) {
  World world;
  world.up(plain_spec(2, 6));
  world.pass(seconds(20));
  world.restart();
  world.arrivals["llama"] = 4;
  world.pass(seconds(60));
  BOOST_TEST(world.service().replicas.rbegin()->first.value == 4u);
  BOOST_TEST(world.service().replicas.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a11_a_crash_loop_of_a_version_that_once_worked_backs_off) {
  World world;
  world.up(plain_spec(1, 1));
  world.pass(seconds(60));
  BOOST_REQUIRE(world.service().versions.begin()->second.ever_ready);
  world.startup = seconds(100'000);  // from now on every replacement hangs
  world.change(1, core::InstanceChange::user_code_ended);
  world.probing = seconds(10);
  world.pass(seconds(3600));
  // an hour of initial delays of 60 s with waits of 10, 20, ... 300 s between them
  BOOST_TEST(world.launches <= 16u);
  BOOST_TEST(world.launches >= 8u);
  BOOST_TEST(world.service().replicas.size() <= 11u);
}

BOOST_AUTO_TEST_CASE(a12_a_target_of_zero_divides_nothing) {
  World world;
  core::ServiceSpec spec = plain_spec(1, 4);
  spec.replicas.target_qps_per_replica = MilliRps{0};
  world.up(spec);
  world.arrivals["llama"] = 100;
  world.pass(seconds(60));
  BOOST_TEST(world.count(Phase::ready) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(scaling)

BOOST_AUTO_TEST_CASE(the_decision_comes_within_a_second_after_the_delay) {
  World world;
  core::ServiceSpec spec = plain_spec(1, 4);
  spec.replicas.upscale_delay = seconds(30);
  world.up(spec);
  world.pass(seconds(20));
  world.arrivals["llama"] = 40;
  world.pass(seconds(45));
  const auto evaluations = world.all<core::ScaleEvaluated>();
  BOOST_REQUIRE_EQUAL(evaluations.size(), 3u);  // the begin, the wait, the raise
  const auto& wait = std::get<core::ScaleEvaluated>(evaluations[1].body);
  const auto& raise = std::get<core::ScaleEvaluated>(evaluations[2].body);
  BOOST_TEST((wait.verdict == core::ScaleVerdict::waiting_to_raise));
  BOOST_TEST((raise.verdict == core::ScaleVerdict::raised));
  const core::Duration took = evaluations[2].time.at - evaluations[1].time.at;
  BOOST_TEST((took >= seconds(29) && took <= seconds(31)));
  BOOST_TEST(raise.reason.find("QPS over 10 s needs") != std::string::npos);
  BOOST_TEST(raise.reason.find("of 30 s agreed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_odd_sample_does_not_reset_the_wait) {  // SkyServe issue #4444
  World world;
  core::ServiceSpec spec = plain_spec(1, 4);
  spec.replicas.upscale_delay = seconds(60);
  spec.replicas.qps_window = seconds(1);
  world.up(spec);
  world.pass(seconds(5));
  for (int second = 0; second < 75; ++second) {
    world.arrivals["llama"] = second % 14 == 13 ? 0 : 4;
    world.pass(seconds(1));
  }
  BOOST_TEST(world.service().target == 4u);
}

BOOST_AUTO_TEST_CASE(after_a_change_the_next_one_waits_the_whole_delay_again) {
  World world;
  core::ServiceSpec spec = plain_spec(1, 4);
  spec.replicas.upscale_delay = seconds(20);
  spec.replicas.qps_window = seconds(1);
  world.up(spec);
  world.pass(seconds(40));
  world.arrivals["llama"] = 2;
  world.pass(seconds(8));
  world.arrivals["llama"] = 4;
  world.pass(seconds(16));
  BOOST_REQUIRE_EQUAL(world.service().target, 2u);
  const core::Instant changed = world.last_event<core::ScaleEvaluated>().time.at;
  while (world.service().target == 2u && world.now() - changed < seconds(60))
    world.pass(seconds(1));
  BOOST_TEST(world.service().target == 4u);
  BOOST_TEST((world.now() - changed >= seconds(19)));
}

BOOST_AUTO_TEST_CASE(a_short_peak_changes_nothing_and_the_wait_is_recorded_once) {
  World world;
  world.up(plain_spec(1, 4));
  world.pass(seconds(20));
  world.arrivals["llama"] = 30;
  world.pass(seconds(1));
  world.arrivals["llama"] = 0;
  world.pass(seconds(120));
  BOOST_TEST(world.service().target <= 4u);
  BOOST_TEST(world.all<core::ScaleEvaluated>().size() <= 6u);
  BOOST_TEST(world.service().target == 1u);
}

BOOST_AUTO_TEST_CASE(a_vote_goes_on_over_a_restart) {
  World world;
  core::ServiceSpec spec = plain_spec(1, 4);
  spec.replicas.upscale_delay = seconds(60);
  world.up(spec);
  world.pass(seconds(20));
  world.arrivals["llama"] = 4;
  world.pass(seconds(55));
  world.restart(seconds(1));
  world.pass(seconds(12));
  BOOST_TEST(world.service().target == 4u);
}

BOOST_AUTO_TEST_CASE(a_held_request_wakes_a_service_at_zero_at_once) {
  World world;
  world.up(plain_spec(0, 4));
  world.pass(seconds(20));
  BOOST_REQUIRE_EQUAL(world.live(), 0u);
  world.send(core::HoldReported{"llama", 1, 0, "nothing is ready"});
  BOOST_TEST(world.service().target == 1u);
  BOOST_TEST(world.count(Phase::provisioning) == 1u);
  BOOST_TEST(world.chain(world.replica(1).last_cause).back() == "RequestsHeld");
}

BOOST_AUTO_TEST_CASE(requests_in_flight_scale_by_concurrency) {
  World world;
  core::ServiceSpec spec = plain_spec(1, 4);
  spec.replicas.target_qps_per_replica.reset();
  spec.replicas.target_concurrency_per_replica = 2;
  spec.replicas.upscale_delay = seconds(0);
  world.up(spec);
  core::TrafficSampled sample;
  sample.period = seconds(1);
  sample.in_flight = 5;
  sample.held = 1;
  world.send(core::TrafficReported{"llama", sample});
  BOOST_TEST(world.service().target == 3u);
}

BOOST_AUTO_TEST_CASE(without_a_target_the_number_is_fixed_and_nobody_is_woken) {
  World world;
  core::ServiceSpec spec = plain_spec(3, 3);
  world.up(spec);
  world.arrivals["llama"] = 50;
  world.pass(seconds(60));
  BOOST_TEST(world.live() == 3u);
  BOOST_TEST(world.all<core::ScaleEvaluated>().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_idle_service_wakes_nobody) {
  World world;
  world.up(plain_spec(1, 4));
  world.pass(seconds(60));
  const Step step = world.send(core::Tick{});
  BOOST_TEST(step.events.empty());
  BOOST_REQUIRE(step.wake_at);
  BOOST_TEST((*step.wake_at - world.now() > seconds(60)));  // only the next sweep
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
