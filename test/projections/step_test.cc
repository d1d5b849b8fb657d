// The main road: up, ready, scale, notice, replacement, down; told through `step` alone.
#include "projections/step.h"

#include <boost/test/unit_test.hpp>

#include "projections/costs.h"
#include "projections/probe_targets.h"
#include "projections/routing_table.h"
#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::seconds;

BOOST_AUTO_TEST_SUITE(step_main_road)

BOOST_AUTO_TEST_CASE(a_new_service_gets_its_base_replicas_on_the_free_cluster) {
  World world;
  world.up(usual_spec());
  BOOST_TEST((status_of(world.service()) == ServiceStatus::replica_init));
  world.pass(seconds(10));
  BOOST_TEST(world.count(Phase::ready) == 2u);
  BOOST_TEST(world.replica(1).offer.place.cloud == "kubernetes");
  BOOST_TEST((world.replica(2).pool == core::Pool::base));
  BOOST_TEST(!world.replica(2).paid_overflow);
  BOOST_TEST((status_of(world.service()) == ServiceStatus::ready));
  BOOST_TEST(routing_snapshot(world.model).services.at("llama").routes.size() == 2u);
  BOOST_TEST(world.service().endpoint_port == 30001);
}

BOOST_AUTO_TEST_CASE(load_above_the_target_brings_spot_replicas_in_two_different_zones) {
  World world;
  world.up(usual_spec());
  world.pass(seconds(20));
  world.arrivals["llama"] = 4;
  world.pass(seconds(60));
  BOOST_TEST(world.service().target == 4u);
  BOOST_TEST(world.count(Phase::ready) == 4u);
  BOOST_TEST(world.replica(3).is_spot());
  BOOST_TEST(world.replica(4).is_spot());
  BOOST_TEST((world.replica(3).offer.place != world.replica(4).offer.place));
}

BOOST_AUTO_TEST_CASE(every_launch_can_be_explained_back_to_the_sample_of_load) {
  World world;
  world.up(usual_spec());
  world.pass(seconds(20));
  world.arrivals["llama"] = 4;
  world.pass(seconds(60));
  const std::vector<std::string> chain = world.chain(world.replica(3).last_cause);
  const std::vector<std::string> expected = {
      "ReplicaBecameReady", "ProbeAnswered",  "ProvisionSucceeded", "LaunchIntended",
      "PlacementChosen",    "ReplicaPlanned", "ScaleEvaluated",     "TrafficSampled"};
  BOOST_CHECK_EQUAL_COLLECTIONS(chain.begin(), chain.end(), expected.begin(), expected.end());
}

BOOST_AUTO_TEST_CASE(a_noticed_replica_is_drained_and_replaced_in_the_same_step) {
  // given a service that bursts
  World world;
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(80));
  BOOST_REQUIRE_EQUAL(world.count(Phase::ready), 4u);
  const std::size_t before = world.events.size();
  // when the cloud gives notice
  world.change(3, core::InstanceChange::noticed, seconds(30));
  // then at that very instant: drain before the deadline, and the launch of another
  BOOST_TEST((world.replica(3).phase == Phase::draining));
  BOOST_TEST((*world.replica(3).drain_deadline < *world.replica(3).notice_deadline));
  BOOST_TEST((world.replica(5).phase == Phase::provisioning));
  const std::vector<std::string> chain = world.chain(world.replica(5).last_cause);
  BOOST_TEST(chain.back() == "PreemptionNoticed");
  BOOST_TEST(world.events.size() - before < 10u);
  world.pass(seconds(40));
  BOOST_TEST(world.count(Phase::ready) == 4u);
  BOOST_TEST(!world.service().replicas.contains(core::ReplicaId{3}));
}

BOOST_AUTO_TEST_CASE(a_machine_that_vanishes_is_replaced_in_the_same_step) {
  for (const auto how : {core::InstanceChange::preempted, core::InstanceChange::lost}) {
    World world;
    world.up(usual_spec());
    world.arrivals["llama"] = 4;
    world.pass(seconds(80));
    world.change(3, how);
    BOOST_TEST((world.replica(3).phase == Phase::preempted));
    BOOST_TEST((world.replica(5).phase == Phase::provisioning));
    world.pass(seconds(20));
    BOOST_TEST(!world.service().replicas.contains(core::ReplicaId{3}));
  }
}

BOOST_AUTO_TEST_CASE(when_load_ends_the_spot_replicas_are_drained_and_go) {
  World world;
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(80));
  world.arrivals["llama"] = 0;
  world.pass(seconds(60));
  BOOST_TEST(world.service().target == 2u);
  BOOST_TEST(world.count(Phase::ready) == 2u);
  BOOST_TEST(world.machines.size() == 2u);
  BOOST_TEST(world.replica(1).offer.place.cloud == "kubernetes");
}

BOOST_AUTO_TEST_CASE(down_leaves_nothing_behind_and_the_name_can_be_used_again) {
  World world;
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(80));
  world.arrivals.clear();
  BOOST_TEST(!world.send(core::DownRequested{"llama", "ada"}).rejection);
  BOOST_TEST((status_of(world.service()) == ServiceStatus::shutting_down));
  world.pass(seconds(15));
  BOOST_TEST(!world.has());
  BOOST_TEST(world.machines.empty());
  world.up(usual_spec());
  BOOST_TEST(world.service().replicas.begin()->first.value == 5u);  // ids never repeat
}

BOOST_AUTO_TEST_CASE(a_request_that_is_asked_again_is_answered_and_done_once) {
  World world;
  const core::UpRequested up{usual_spec(), world.offers, "ada", "id-1"};
  core::UpdateRequested update{usual_spec(), world.offers, core::UpdateMode::rolling, "ada",
                               "id-2"};
  update.spec.task.run = "another";
  const core::DownRequested down{"llama", "ada", "id-3"};
  const auto ask_twice = [&](const core::InputBody& request) {
    BOOST_TEST(!world.send(request).rejection);
    for (const bool after_restart : {false, true}) {
      if (after_restart) world.restart();
      const Step again = world.send(request);
      BOOST_TEST(!again.rejection);
      BOOST_TEST(again.events.empty());
      BOOST_TEST(again.effects.empty());
    }
  };
  ask_twice(up);
  ask_twice(update);
  BOOST_TEST(world.service().last_version.value == 2u);
  ask_twice(down);
  world.pass(seconds(60));
  BOOST_REQUIRE(!world.has());
  for (const core::InputBody& late :
       {core::InputBody(up), core::InputBody(update), core::InputBody(down)})
    BOOST_TEST(!world.send(late).rejection);  // answered as it was
  BOOST_TEST(!world.has());
  BOOST_TEST(world.all<core::CommandReceived>().size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_second_down_is_remembered_too_since_the_service_may_be_gone_when_it_asks) {
  World world;
  world.up(usual_spec());
  world.pass(seconds(10));
  world.send(core::DownRequested{"llama", "ada", "first"});
  BOOST_TEST(!world.send(core::DownRequested{"llama", "eve", "second"}).rejection);
  BOOST_TEST(world.all<core::RemovalRequested>().size() == 1u);
  world.pass(seconds(60));
  BOOST_REQUIRE(!world.has());
  BOOST_TEST(!world.send(core::DownRequested{"llama", "eve", "second"}).rejection);
  BOOST_TEST(world.send(core::DownRequested{"llama", "eve", "third"}).rejection.has_value());
}

BOOST_AUTO_TEST_CASE(the_id_of_one_request_is_no_id_of_another) {
  World world;
  BOOST_TEST(!world.send(core::UpRequested{usual_spec(), world.offers, "ada", "same"}).rejection);
  const Step other = world.send(core::DownRequested{"llama", "ada", "same"});
  BOOST_REQUIRE(other.rejection);
  BOOST_TEST((other.rejection->code == core::ErrorCode::conflict));
  BOOST_TEST(other.rejection->text.find("`up llama`") != std::string::npos);
  BOOST_TEST(!world.service().removal_requested);
}

BOOST_AUTO_TEST_CASE(the_oldest_of_many_requests_is_forgotten) {
  World world;
  world.up(usual_spec());
  world.pass(seconds(60));
  const auto update = [&](std::size_t number) {
    return core::UpdateRequested{usual_spec(), world.offers, core::UpdateMode::rolling, "ada",
                                 "id-" + std::to_string(number)};
  };
  for (std::size_t number = 0; number <= max_taken_requests; ++number) world.send(update(number));
  BOOST_TEST(world.model.taken_requests.size() == max_taken_requests);
  BOOST_TEST(world.send(update(1)).events.empty());
  BOOST_TEST(!world.send(update(0)).events.empty());
}

BOOST_AUTO_TEST_CASE(down_during_provisioning_leaves_no_machine) {
  for (const int after_ms : {0, 500, 1500, 1999, 2000, 2500, 4000}) {
    World world;
    world.up(usual_spec());
    world.pass(core::milliseconds(after_ms));
    world.send(core::DownRequested{"llama", "ada"});
    world.pass(seconds(30));
    BOOST_TEST(!world.has());
    BOOST_TEST(world.machines.empty());
    BOOST_TEST(world.all<core::OrphanFound>().empty());  // it was remembered until it was gone
  }
}

BOOST_AUTO_TEST_CASE(down_and_a_restart_during_provisioning_do_not_wait_for_a_lost_answer) {
  World world;
  world.up(usual_spec());
  world.pass(core::milliseconds(500));
  world.send(core::DownRequested{"llama", "ada"});
  world.restart();
  world.pass(seconds(30));
  BOOST_TEST(!world.has());
  BOOST_TEST(world.machines.empty());
}

BOOST_AUTO_TEST_CASE(down_shortens_a_drain_that_is_under_way) {
  World world;
  world.draining = seconds(1000);  // streams that do not end
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(80));
  world.arrivals.clear();
  world.pass(seconds(45));
  BOOST_REQUIRE_EQUAL(world.count(Phase::draining), 2u);
  world.send(core::DownRequested{"llama", "ada"});
  world.pass(seconds(15));
  BOOST_TEST(!world.has());
}

BOOST_AUTO_TEST_CASE(the_cost_is_counted_beside_the_cost_of_all_on_demand) {
  World world;
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(80));
  const CostReport before = cost_of(world.service(), world.now());
  world.pass(seconds(3600));
  const CostReport after = cost_of(world.service(), world.now());
  BOOST_TEST(after.now.micro_usd_per_hour == 210'000);  // zones a and b
  BOOST_TEST(after.now_all_on_demand.micro_usd_per_hour == 1'000'000);
  BOOST_TEST(after.spent.nano_usd - before.spent.nano_usd == 210'000'000);
  BOOST_TEST(after.all_on_demand.nano_usd - before.all_on_demand.nano_usd == 1'000'000'000);
}

BOOST_AUTO_TEST_CASE(a_starting_replica_is_probed_every_second_and_a_calm_one_as_asked) {
  World world;
  world.up(usual_spec());
  world.pass(seconds(3));
  BOOST_REQUIRE_EQUAL(probe_targets(world.model).size(), 2u);
  BOOST_TEST((probe_targets(world.model)[0].interval == seconds(1)));
  world.pass(seconds(10));
  BOOST_TEST((probe_targets(world.model)[0].interval == seconds(10)));
  world.send(core::ReplicaReported{"llama", core::ReplicaId{1}, core::EndpointChange::ejected, ""});
  BOOST_TEST((probe_targets(world.model)[0].interval == seconds(1)));
}

BOOST_AUTO_TEST_CASE(a_name_in_use_is_refused_with_what_to_type) {
  World world;
  world.up(usual_spec());
  const std::size_t before = world.events.size();
  const Step step = world.send(core::UpRequested{usual_spec(), usual_offers(), "ada"});
  BOOST_REQUIRE(step.rejection);
  BOOST_TEST((step.rejection->code == core::ErrorCode::already_exists));
  BOOST_TEST(step.rejection->text.find("skyctl update llama") != std::string::npos);
  BOOST_TEST(world.events.size() == before);
}

BOOST_AUTO_TEST_CASE(more_than_a_hundred_services_are_refused) {
  World world;
  core::ServiceSpec spec = usual_spec();
  spec.replicas.min_replicas = spec.replicas.base_ondemand_fallback_replicas = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    spec.name = "s" + std::to_string(i);
    world.up(spec);
  }
  spec.name = "one-more";
  const Step step = world.send(core::UpRequested{spec, usual_offers(), "ada"});
  BOOST_REQUIRE(step.rejection);
  BOOST_TEST((step.rejection->code == core::ErrorCode::conflict));
  BOOST_TEST(world.service("s99").endpoint_port == 30100);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
