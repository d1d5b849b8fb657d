// Storms in small worlds: none in calm, one, two apart, services hit together; and told right.
#include "projections/storms.h"

#include <boost/test/unit_test.hpp>

#include "projections/storms_series.h"
#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::InstanceChange;
using core::seconds;

// Two base replicas and two on spot machines, ready, under steady load.
World burst_world(std::vector<std::string> names = {"llama"}) {
  World world;
  for (const std::string& name : names) {
    world.up(usual_spec(name));
    world.arrivals[name] = 4;
  }
  world.pass(seconds(60));
  return world;
}

void take(World& world, std::uint32_t replica, const std::string& name = "llama") {
  Machine* machine = world.machine(replica, name);
  BOOST_REQUIRE(machine);
  world.send(core::InstanceChanged{name, machine->replica, machine->attempt,
                                   InstanceChange::noticed, seconds(20), "reclaimed"});
}

std::vector<Storm> found_in(const World& world) {
  StormFinder finder;
  for (const core::Event& event : world.events) finder.add(event);
  return finder.storms();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(projections_storms)

BOOST_AUTO_TEST_CASE(calm_has_no_storm_and_neither_has_a_single_preemption) {
  World world = burst_world();
  BOOST_TEST(world.count(core::Phase::ready) == 4U);
  BOOST_TEST(found_in(world).empty());

  take(world, 3);
  world.pass(seconds(120));

  BOOST_TEST(world.count(core::Phase::ready) == 4U);
  BOOST_TEST(found_in(world).empty());
}

BOOST_AUTO_TEST_CASE(two_preemptions_at_once_are_one_storm_told_with_its_numbers) {
  World world = burst_world();
  const core::Instant began = world.now();
  take(world, 3);
  take(world, 4);
  world.pass(seconds(120));

  const auto storms = found_in(world);
  BOOST_REQUIRE(storms.size() == 1U);
  const Storm& storm = storms.front();
  BOOST_TEST(storm.service == "llama");
  BOOST_TEST((storm.began.at == began));
  BOOST_TEST(storm.preempted == 2U);
  BOOST_TEST(storm.lost == 0U);
  BOOST_TEST(storm.most_at_once == 2U);
  BOOST_TEST(storm.ready_before == 4U);
  BOOST_TEST(storm.lowest_ready == 2U);
  BOOST_TEST(storm.depth == 2U);
  BOOST_TEST(storm.zones.size() == 2U);
  BOOST_REQUIRE(storm.recovered.has_value());
  // Machine and server take five seconds, probes come every second.
  BOOST_TEST((storm.to_recover() >= seconds(5) && storm.to_recover() <= seconds(7)));
  BOOST_TEST((storm.below == storm.to_recover()));
  BOOST_TEST(storm.requests.arrived >= 20U);
  BOOST_TEST(storm.requests.arrived <= 28U);
  BOOST_TEST(storm.also_hit.empty());
}

BOOST_AUTO_TEST_CASE(the_decisions_of_a_storm_are_those_that_followed_from_it) {
  World world = burst_world();
  take(world, 3);
  take(world, 4);
  world.pass(seconds(120));

  const auto storms = found_in(world);
  BOOST_REQUIRE(storms.size() == 1U);
  std::size_t launches = 0, drains = 0;
  for (const StormDecision& decision : storms.front().decisions) {
    const core::Event& event = world.event(decision.seq);
    BOOST_TEST(decision.type == core::type_name(event.body));
    BOOST_TEST((event.time.at >= storms.front().began.at));
    BOOST_TEST((event.time.at <= storms.front().end()));
    launches += std::holds_alternative<core::LaunchIntended>(event.body) ? 1 : 0;
    drains += std::holds_alternative<core::DrainStarted>(event.body) ? 1 : 0;
  }
  BOOST_TEST(launches == 2U);
  BOOST_TEST(drains == 2U);
}

BOOST_AUTO_TEST_CASE(storms_more_than_the_gap_apart_are_two) {
  World world = burst_world();
  for (int wave = 0; wave < 2; ++wave) {
    std::vector<std::uint32_t> spot;
    for (const auto& [id, replica] : world.service().replicas)
      if (replica.is_spot() && replica.phase == core::Phase::ready) spot.push_back(id.value);
    BOOST_REQUIRE(spot.size() == 2U);
    for (const std::uint32_t id : spot) take(world, id);
    world.pass(storm_gap + seconds(60));
  }
  const auto storms = found_in(world);

  BOOST_REQUIRE(storms.size() == 2U);
  BOOST_TEST(storms[0].preempted == 2U);
  BOOST_TEST(storms[1].preempted == 2U);
  BOOST_TEST((storms[1].began.at - storms[0].began.at == storm_gap + seconds(60)));
  BOOST_TEST(storms[0].also_hit.empty());
}

BOOST_AUTO_TEST_CASE(services_hit_together_have_a_storm_each_that_names_the_other) {
  World world = burst_world({"llama", "qwen"});
  for (const std::string name : {"llama", "qwen"})
    for (const std::uint32_t id : {3U, 4U}) take(world, id, name);
  world.pass(seconds(120));

  const auto storms = found_in(world);
  BOOST_REQUIRE(storms.size() == 2U);
  BOOST_TEST(storms[0].service == "llama");
  BOOST_TEST(storms[1].service == "qwen");
  BOOST_TEST(storms[0].also_hit == std::vector<core::ServiceName>{"qwen"});
  BOOST_TEST(storms[1].also_hit == std::vector<core::ServiceName>{"llama"});
  BOOST_TEST(storms[0].preempted == 2U);
}

BOOST_AUTO_TEST_CASE(a_storm_that_finds_no_capacity_is_not_over_and_counts_refusals) {
  World world = burst_world();
  world.refuse = [](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (!order.offer.is_spot()) return {};
    core::Failure failure;
    failure.kind = core::FailureKind::capacity;
    failure.text = "InsufficientInstanceCapacity";
    return failure;
  };
  take(world, 3);
  take(world, 4);
  world.pass(seconds(60));

  const auto storms = found_in(world);
  BOOST_REQUIRE(storms.size() == 1U);
  BOOST_TEST(!storms.front().recovered.has_value());
  BOOST_TEST(storms.front().refused >= 3U);
  BOOST_TEST(storms.front().depth == 2U);
}

BOOST_AUTO_TEST_CASE(a_drought_that_took_no_replica_is_no_storm) {
  World world;
  world.refuse = [](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (!order.offer.is_spot()) return {};
    core::Failure failure;
    failure.kind = core::FailureKind::capacity;
    return failure;
  };
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(60));

  BOOST_TEST(world.all<core::ProvisionFailed>().size() >= 3U);
  BOOST_TEST(found_in(world).empty());
}

BOOST_AUTO_TEST_CASE(a_storm_begins_with_the_first_replica_taken_not_with_refusals_before_it) {
  World world;
  world.refuse = [](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (order.offer.is_spot() || order.offer.is_paid() || order.replica.value != 1) return {};
    core::Failure failure;
    failure.kind = core::FailureKind::capacity;  // one node of the cluster is in use
    return failure;
  };
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(60));
  BOOST_REQUIRE(world.all<core::ProvisionFailed>().size() == 1U);
  const core::Instant began = world.now();
  take(world, 3);
  take(world, 4);
  world.pass(seconds(120));

  const auto storms = found_in(world);
  BOOST_REQUIRE(storms.size() == 1U);
  BOOST_TEST((storms.front().began.at == began));
  BOOST_TEST(storms.front().refused == 0U);
  BOOST_TEST(storms.front().ready_before == 4U);
}

BOOST_AUTO_TEST_CASE(a_picture_has_the_replicas_of_every_zone_the_target_and_the_blows) {
  World world = burst_world();
  const core::Instant began = world.now();
  take(world, 3);
  take(world, 4);
  world.pass(seconds(120));

  StormSeriesFold fold("llama", began - seconds(10), began + seconds(30));
  for (const core::Event& event : world.events) fold.add(event);
  const StormSeries& series = fold.series();
  const auto ready = [](const FleetPoint& point) {
    std::uint32_t sum = 0;
    for (const std::uint32_t zone : point.ready) sum += zone;
    return sum;
  };
  BOOST_REQUIRE(!series.fleet.empty());
  BOOST_TEST(ready(series.fleet.front()) == 4U);
  BOOST_TEST(ready(series.fleet.back()) == 4U);
  std::uint32_t lowest = 4;
  for (const FleetPoint& point : series.fleet) lowest = std::min(lowest, ready(point));
  BOOST_TEST(lowest == 2U);
  BOOST_TEST(series.zones.size() >= 3U);  // the base's, and two of spot
  BOOST_TEST(series.blows.size() >= 2U);
  BOOST_TEST(series.traffic.size() >= 38U);
  BOOST_TEST(series.traffic.front().arrived.value == 4000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::projections
