// The fleet as a whole: pools, spot policies, updates, endpoints, preemption by hand.
#include <boost/test/unit_test.hpp>

#include "projections/routing_table.h"
#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::Pool;
using core::seconds;

core::ServiceSpec spot_spec(std::uint32_t count) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas.base_ondemand_fallback_replicas = 0;
  spec.replicas.min_replicas = spec.replicas.max_replicas.emplace(count);
  spec.rollout.bake_time = seconds(5);
  return spec;
}

core::ServiceSpec with_run(core::ServiceSpec spec, const std::string& run) {
  spec.task.run = run;
  return spec;
}

void update(World& world, core::ServiceSpec spec,
            core::UpdateMode mode = core::UpdateMode::rolling) {
  BOOST_REQUIRE(
      !world.send(core::UpdateRequested{std::move(spec), world.offers, mode, "ada"}).rejection);
}

std::size_t live_in(const World& world, Pool pool) {
  std::size_t found = 0;
  for (const auto& [id, replica] : world.service().replicas)
    found += replica.pool == pool && core::is_live(replica.phase) ? 1 : 0;
  return found;
}

std::size_t ready_of(const World& world, std::uint32_t version) {
  std::size_t found = 0;
  for (const auto& [id, replica] : world.service().replicas)
    found += replica.version.value == version && replica.phase == Phase::ready ? 1 : 0;
  return found;
}

std::set<std::uint32_t> routed_versions(const World& world) {
  std::set<std::uint32_t> versions;
  const core::RoutingSnapshot table = routing_snapshot(world.model);
  for (const auto& [id, route] : table.services.at("llama").routes)
    if (route.state == core::RouteState::ready) versions.insert(route.version.value);
  return versions;
}

BOOST_AUTO_TEST_SUITE(spot_pools)

BOOST_AUTO_TEST_CASE(fallback_covers_for_spot_and_goes_when_spot_is_ready) {
  World world;
  core::ServiceSpec spec = spot_spec(2);
  spec.replicas.dynamic_ondemand_fallback = true;
  world.refuse = [](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (!order.offer.is_spot()) return {};
    return core::Failure{core::FailureKind::capacity, {}, "none", {}};
  };
  world.up(spec);
  world.pass(seconds(20));
  BOOST_TEST(live_in(world, Pool::fallback) == 2u);
  BOOST_TEST(world.count(Phase::ready) == 2u);
  world.refuse = {};
  world.pass(seconds(240));
  BOOST_TEST(live_in(world, Pool::fallback) == 0u);
  BOOST_TEST(live_in(world, Pool::burst) == 2u);
  BOOST_TEST((world.last<core::DrainStarted>().reason == core::DrainReason::spot_returned));
}

BOOST_AUTO_TEST_CASE(spot_hedge_leaves_a_zone_alone_that_preempted_us) {
  World world;
  core::ServiceSpec spec = spot_spec(1);
  spec.replicas.placement = core::Placement::spot_hedge;
  world.up(spec);
  world.pass(seconds(20));
  BOOST_REQUIRE_EQUAL(world.replica(1).offer.place.zone, "east-a");
  world.change(1, core::InstanceChange::preempted);
  world.pass(seconds(20));
  BOOST_TEST(world.replica(2).offer.place.zone == "east-b");
  BOOST_TEST(world.service().preempting.size() == 1u);
  world.change(2, core::InstanceChange::preempted);  // fewer than two left: all are available
  BOOST_TEST(world.service().preempting.empty());
}

BOOST_AUTO_TEST_CASE(a_storm_by_hand_preempts_the_newest_spot_replicas_in_the_sandbox) {
  World world;
  world.up(spot_spec(3));
  world.pass(seconds(20));
  const Step step = world.send(core::PreemptRequested{"llama", {}, "", 2, "ada"});
  BOOST_REQUIRE_EQUAL(step.effects.size(), 2u);
  BOOST_TEST(std::get<core::PreemptInstance>(step.effects[0]).replica.value == 3u);
  BOOST_TEST(world.last<core::CommandReceived>().detail == "llama --storm 2");
  world.pass(seconds(60));
  BOOST_TEST(world.count(Phase::ready) == 3u);
  BOOST_TEST(world.all<core::PreemptionNoticed>().size() == 2u);
  // nothing matches, or it is no sandbox
  BOOST_TEST(
      world.send(core::PreemptRequested{"llama", {}, "moon-a", 0, "ada"}).rejection.has_value());
  World real;
  core::ServiceSpec spec = spot_spec(1);
  spec.sandbox.enabled = false;
  real.up(spec);
  real.pass(seconds(20));
  const Step refused = real.send(core::PreemptRequested{"llama", {core::ReplicaId{1}}, "", 0, "a"});
  BOOST_REQUIRE(refused.rejection);
  BOOST_TEST((refused.rejection->code == core::ErrorCode::unsupported));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(updates)

BOOST_AUTO_TEST_CASE(a_rolling_update_replaces_one_by_one_and_never_serves_with_fewer) {
  World world;
  world.up(spot_spec(3));
  world.pass(seconds(30));
  update(world, with_run(spot_spec(3), "new"));
  std::size_t least = 3, most = 3;
  for (int i = 0; i < 120; ++i) {
    world.pass(seconds(1));
    least = std::min(least, world.count(Phase::ready));
    most = std::max(most, world.live());
  }
  BOOST_TEST(least == 3u);
  BOOST_TEST(most == 4u);
  BOOST_TEST(ready_of(world, 2) == 3u);
  BOOST_TEST(world.live() == 3u);
  BOOST_TEST(world.service().versions.size() == 1u);
}

BOOST_AUTO_TEST_CASE(blue_green_switches_when_the_whole_new_fleet_has_baked) {
  World world;
  world.up(spot_spec(2));
  world.pass(seconds(30));
  update(world, with_run(spot_spec(2), "new"), core::UpdateMode::blue_green);
  bool was_switched = false;
  for (int i = 0; i < 40; ++i) {
    world.pass(seconds(1));
    const std::set<std::uint32_t> versions = routed_versions(world);
    BOOST_TEST(versions.size() == 1u);
    was_switched = was_switched || versions.contains(2);
    BOOST_TEST(versions.contains(was_switched ? 2 : 1));
    if (was_switched) BOOST_TEST(ready_of(world, 2) == 2u);
  }
  BOOST_TEST(was_switched);
  BOOST_TEST(world.live() == 2u);
}

BOOST_AUTO_TEST_CASE(blue_green_switches_early_when_the_old_fleet_is_gone) {
  World world;
  world.up(spot_spec(1));
  world.pass(seconds(30));
  core::ServiceSpec spec = with_run(spot_spec(1), "new");
  spec.rollout.bake_time = seconds(1000);
  update(world, spec, core::UpdateMode::blue_green);
  world.pass(seconds(20));
  BOOST_TEST((routed_versions(world) == std::set<std::uint32_t>{1}));
  world.change(1, core::InstanceChange::preempted);
  BOOST_TEST((routed_versions(world) == std::set<std::uint32_t>{2}));
}

BOOST_AUTO_TEST_CASE(a_version_that_never_works_is_rolled_back_by_itself) {
  for (const auto mode : {core::UpdateMode::rolling, core::UpdateMode::blue_green}) {
    World world;
    world.up(spot_spec(2));
    world.pass(seconds(30));
    world.crashes = [](const core::LaunchInstance& order) { return order.version.value == 2; };
    core::ServiceSpec broken = with_run(spot_spec(2), "broken");
    broken.balancer.policy = core::BalancingPolicy::round_robin;
    update(world, broken, mode);
    std::size_t least = 2;
    for (int i = 0; i < 120; ++i) {
      world.pass(seconds(1));
      least = std::min(least, world.count(Phase::ready));
    }
    BOOST_TEST(least == 2u);
    BOOST_TEST(world.all<core::VersionRolledBack>().size() == 1u);
    BOOST_TEST(world.service().version.value == 1u);
    BOOST_TEST((world.service().route.balancer == spot_spec(2).balancer));
    BOOST_TEST(ready_of(world, 1) == 2u);
    BOOST_TEST(world.live() == 2u);
    // the next update gets a number of its own
    update(world, with_run(spot_spec(2), "mended"));
    world.pass(seconds(90));
    BOOST_TEST(world.service().version.value == 3u);
    BOOST_TEST(ready_of(world, 3) == 2u);
  }
}

BOOST_AUTO_TEST_CASE(a_changed_policy_keeps_the_running_replicas) {
  World world;
  world.up(spot_spec(2));
  world.pass(seconds(30));
  update(world, spot_spec(3));
  BOOST_TEST(!world.last<core::ServiceUpdated>().replaces_replicas);
  world.pass(seconds(30));
  BOOST_TEST(world.replica(1).version.value == 2u);
  BOOST_TEST(ready_of(world, 2) == 3u);
  BOOST_TEST(world.launches == 3u);
}

BOOST_AUTO_TEST_CASE(a_change_of_the_pools_launches_first_and_drops_after) {
  World world;
  world.up(spot_spec(2));
  world.pass(seconds(30));
  core::ServiceSpec spec = spot_spec(2);
  spec.replicas.base_ondemand_fallback_replicas = 2;
  update(world, spec);
  std::size_t least = 2;
  for (int i = 0; i < 60; ++i) {
    world.pass(seconds(1));
    least = std::min(least, world.count(Phase::ready));
  }
  BOOST_TEST(least == 2u);
  BOOST_TEST(live_in(world, Pool::base) == 2u);
  BOOST_TEST(live_in(world, Pool::burst) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(endpoints)

BOOST_AUTO_TEST_CASE(a_port_in_use_is_left_for_the_next_free_one) {
  World world;
  world.up(spot_spec(1));
  world.up([] {
    core::ServiceSpec spec = spot_spec(1);
    spec.name = "other";
    return spec;
  }());
  BOOST_REQUIRE_EQUAL(world.service("other").endpoint_port, 30002);
  world.send(core::EndpointReported{"llama", "127.0.0.1", 30001, true, "in use"});
  BOOST_TEST(world.service().endpoint_port == 30003);
  world.send(core::EndpointReported{"llama", "127.0.0.1", 30003, false, ""});
  BOOST_TEST((world.service().endpoint == EndpointState::open));
  const std::size_t before = world.events.size();
  world.send(core::EndpointReported{"llama", "127.0.0.1", 30003, false, ""});  // said already
  BOOST_TEST(world.events.size() == before);
  world.send(core::EndpointReported{"llama", "127.0.0.1", 30003, false, "no permission"});
  BOOST_TEST((world.service().endpoint == EndpointState::failed));
  BOOST_TEST(world.service().endpoint_error == "no permission");
}

BOOST_AUTO_TEST_CASE(an_answer_for_a_replica_that_is_gone_makes_a_sweep_not_a_leak) {
  World world;
  const Step step = world.send(core::LaunchAnswered{
      "nobody", core::ReplicaId{1}, 1, core::ProvisionSucceeded{1, "i-1", "127.0.0.1", 1}});
  BOOST_REQUIRE_EQUAL(step.effects.size(), 1u);
  BOOST_TEST(std::holds_alternative<core::SweepInstances>(step.effects[0]));
}

BOOST_AUTO_TEST_CASE(an_update_that_forbids_billed_machines_gives_up_those_of_the_base_pool) {
  World world;
  bool is_full = true;  // the cluster that costs nothing
  world.refuse = [&](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (!is_full || order.offer.is_paid()) return {};
    return core::Failure{core::FailureKind::capacity, core::FailureScope::zone, "full", {}};
  };
  core::ServiceSpec spec = usual_spec();
  world.up(spec);
  world.pass(seconds(60));
  BOOST_TEST(world.replica(1).paid_overflow);
  spec.no_paid_overflow = true;
  world.send(core::UpdateRequested{spec, world.offers, core::UpdateMode::rolling, "ada"});
  world.pass(seconds(60));
  for (const auto& [id, one] : world.service().replicas) BOOST_TEST(!one.billed_since.has_value());
  is_full = false;
  world.pass(seconds(3600));
  BOOST_TEST(world.count(Phase::ready) == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
