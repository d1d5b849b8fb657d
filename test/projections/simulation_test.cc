// Recorded worlds as scenarios, and scenarios run: what the log shows comes out again, and another
// policy gives what it must.
#include <boost/test/unit_test.hpp>

#include "projections/service_score.h"
#include "projections/simulation/recorded_scenario.h"
#include "projections/simulation/simulation.h"
#include "projections/zone_history.h"
#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::Market;
using core::seconds;

const MeantFor one_a_second{core::MilliRps{1000}, seconds(10)};

// The scenario of a recorded world, from the registration of its service or from `since` on.
struct Recording {
  Scenario scenario;
  ServiceScore score;
  Evidence evidence;
};

Recording record(const World& world, core::Seq since = {}) {
  RecordedScenario recorded("llama", {});
  std::optional<ServiceScoreFold> score;
  for (const core::Event& event : world.events) {
    if (!recorded.has_begun() && event.seq > since && recorded.starts_with(event)) {
      recorded.begin(event.time);
      score.emplace("llama", recorded.model(), event.time.at, one_a_second);
    }
    recorded.add(event);
    if (score) score->add(event);
  }
  BOOST_REQUIRE(score);
  const Evidence evidence = recorded.evidence();
  return {recorded.take(world.now()), score->end(world.now()), evidence};
}

struct Run {
  std::vector<core::Event> events;
  ServiceScore score;
};

Run run(const Scenario& scenario) {
  Run result;
  ServiceScoreFold fold(scenario.service, scenario.before, scenario.begin.at, one_a_second);
  Simulation simulation(scenario, [&](const core::Event& event) {
    result.events.push_back(event);
    fold.add(event);
  });
  simulation.run();
  result.score = fold.end(scenario.end);
  return result;
}

template <class Body>
std::vector<core::Event> all(const Run& run) {
  std::vector<core::Event> found;
  for (const core::Event& event : run.events)
    if (std::holds_alternative<Body>(event.body)) found.push_back(event);
  return found;
}

core::BlockKey zone(const char* name) { return key_of(offer("aws", name, Market::spot, 100)); }

core::Failure no_capacity() {
  return {core::FailureKind::capacity, core::FailureScope::zone, "none left", {}};
}

// A service, a busy time, a quiet time.
World usual_world() {
  World world;
  core::ServiceSpec spec = usual_spec();
  spec.replicas.base_ondemand_fallback_replicas = 1;
  world.up(spec);
  world.pass(seconds(60));
  world.arrivals["llama"] = 4;
  world.pass(seconds(120));
  world.arrivals["llama"] = 1;
  world.pass(seconds(120));
  return world;
}

bool within(std::int64_t one, std::int64_t other, std::int64_t percent) {
  const std::int64_t apart = one > other ? one - other : other - one;
  return apart * 100 <= std::max(one, other) * percent;
}

// A scenario by hand: nothing was ever recorded.
Scenario scenario_of(core::ServiceSpec spec, core::Duration length) {
  Scenario scenario;
  scenario.service = spec.name;
  scenario.before.log_id = world_log_id;
  scenario.begin.at = core::Instant(seconds(1000));
  scenario.end = scenario.begin.at + length;
  scenario.timings.provisioning.add({}, seconds(10));
  scenario.timings.startup.add({}, seconds(20));
  scenario.timings.terminating.add({}, seconds(1));
  scenario.commands.push_back(
      {scenario.begin.at, core::UpRequested{std::move(spec), usual_offers(), "ada"}});
  return scenario;
}

void ask_each_second(Scenario& scenario, std::int64_t from, std::int64_t to, std::uint32_t count,
                     core::Duration service_time) {
  for (std::int64_t second = from; second < to; ++second)
    scenario.demand.push_back(
        {scenario.begin.at + seconds(second), seconds(1), count, service_time});
}

core::ServiceSpec spot_only(std::uint32_t replicas) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas = {};
  spec.replicas.min_replicas = replicas;
  return spec;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simulation)

BOOST_AUTO_TEST_CASE(a_world_without_surprises_comes_out_again_as_it_was_recorded) {
  const World world = usual_world();
  const Recording recording = record(world);
  const Run again = run(recording.scenario);
  BOOST_TEST(recording.score.launches == 4);
  BOOST_TEST(again.score.launches == recording.score.launches);
  BOOST_TEST(again.score.arrived == recording.score.arrived);
  BOOST_TEST(again.score.preemptions == 0);
  BOOST_TEST(again.score.failed == 0);
  BOOST_TEST(within(again.score.availability(), recording.score.availability(), 1));
  BOOST_TEST(within(again.score.spent.nano_usd, recording.score.spent.nano_usd, 2));
  BOOST_TEST(within(again.score.wanted.count(), recording.score.wanted.count(), 1));
}

BOOST_AUTO_TEST_CASE(the_same_scenario_gives_the_same_events) {
  const World world = usual_world();
  const Scenario scenario = record(world).scenario;
  const Run one = run(scenario), other = run(scenario);
  BOOST_TEST(one.events.size() > 100);
  BOOST_TEST((one.events == other.events));
}

BOOST_AUTO_TEST_CASE(a_run_in_pieces_is_the_run_in_one_piece) {
  const World world = usual_world();
  const Scenario scenario = record(world).scenario;
  std::vector<core::Event> events;
  Simulation simulation(scenario, [&](const core::Event& event) { events.push_back(event); });
  for (core::Instant at = scenario.begin.at; at < scenario.end; at += seconds(7))
    simulation.run(at);
  simulation.run();
  BOOST_TEST((events == run(scenario).events));
}

BOOST_AUTO_TEST_CASE(a_preemption_is_simulated_at_its_time_in_its_zone_with_its_notice) {
  World world;
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(100));
  const auto spot = std::find_if(
      world.service().replicas.begin(), world.service().replicas.end(), [](const auto& one) {
        return one.second.is_spot() && one.second.phase == core::Phase::ready;
      });
  BOOST_REQUIRE(spot != world.service().replicas.end());
  const core::Place lost = spot->second.offer.place;
  const core::Instant noticed = world.now();
  world.change(spot->first.value, core::InstanceChange::noticed, seconds(30));
  world.pass(seconds(100));
  const Recording recording = record(world);
  BOOST_TEST(recording.evidence.taken == 1);
  const Run again = run(recording.scenario);
  const auto notices = all<core::PreemptionNoticed>(again);
  BOOST_REQUIRE(notices.size() == 1);
  BOOST_TEST((notices[0].time.at == noticed));
  BOOST_TEST(
      (std::get<core::PreemptionNoticed>(notices[0].body).deadline == noticed + seconds(30)));
  for (const core::Event& launch : all<core::LaunchIntended>(again))
    if (launch.replica == notices[0].replica)
      BOOST_TEST((std::get<core::LaunchIntended>(launch.body).offer.place == lost));
  BOOST_TEST(again.score.preemptions == recording.score.preemptions);
}

BOOST_AUTO_TEST_CASE(a_refusal_closes_a_zone_until_a_launch_succeeds_there) {
  World world;
  bool is_full = true;
  world.refuse = [&](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (is_full && order.offer.is_spot() && order.offer.place.zone == "east-a")
      return no_capacity();
    return {};
  };
  world.up(spot_only(1));
  const core::Instant refused = world.now();
  world.pass(seconds(300));
  is_full = false;
  world.change(1, core::InstanceChange::lost);  // to east-a again: it is the cheapest
  world.pass(seconds(900));
  const Recording recording = record(world);
  BOOST_TEST(recording.evidence.refused == 1);
  const CapacityTimeline& capacity = recording.scenario.capacity.at(zone("east-a"));
  BOOST_TEST(capacity.at(refused).machines == 0);
  BOOST_TEST(capacity.at(refused).refusal.text == "none left");
  std::optional<core::Instant> granted;
  for (const core::Event& event : world.all<core::LaunchIntended>())
    if (std::get<core::LaunchIntended>(event.body).offer.place.zone == "east-a")
      granted = event.time.at;
  BOOST_REQUIRE(granted);
  BOOST_TEST((*granted > refused));
  BOOST_TEST(capacity.at(*granted - core::Duration{1}).machines == 0);
  BOOST_TEST(capacity.at(*granted).machines == unlimited_machines);
}

BOOST_AUTO_TEST_CASE(a_refusal_without_anything_after_it_counts_for_as_long_as_evidence_lasts) {
  World world;
  world.refuse = [&](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (order.offer.place.zone == "east-a" && order.offer.is_spot()) return no_capacity();
    return {};
  };
  world.up(spot_only(1));
  const core::Instant refused = world.now();
  world.pass(seconds(7200));
  const Recording recording = record(world);
  const CapacityTimeline& capacity = recording.scenario.capacity.at(zone("east-a"));
  BOOST_TEST(capacity.at(refused + evidence_lasts - seconds(1)).machines == 0);
  BOOST_TEST(capacity.at(refused + evidence_lasts).machines == unlimited_machines);
}

BOOST_AUTO_TEST_CASE(what_is_no_fact_about_capacity_is_left_out) {
  World world;
  std::size_t calls = 0;
  world.refuse = [&](const core::LaunchInstance&) -> std::optional<core::Failure> {
    if (++calls > 2) return {};
    return core::Failure{
        core::FailureKind::throttled, core::FailureScope::account, "slow down", {}};
  };
  world.up(usual_spec());
  world.pass(seconds(120));
  world.change(1, core::InstanceChange::lost);  // a machine of the cluster breaks
  world.change(2, core::InstanceChange::user_code_ended);
  world.pass(seconds(120));
  const Recording recording = record(world);
  BOOST_TEST(recording.evidence.refused == 0);
  BOOST_TEST(recording.evidence.taken == 0);
  BOOST_TEST(recording.scenario.capacity.empty());
}

BOOST_AUTO_TEST_CASE(machines_beyond_the_capacity_are_taken_and_the_newest_go_first) {
  Scenario scenario = scenario_of(spot_only(3), seconds(600));
  const auto everywhere = {zone("east-a"), zone("east-b"),
                           key_of(offer("gcp", "west-c", Market::spot, 120))};
  for (const core::BlockKey& kind : everywhere)
    scenario.capacity[kind].set(scenario.begin.at + seconds(300),
                                {kind == zone("east-a") ? 1u : 0u, no_capacity(), {}});
  const Run result = run(scenario);
  const auto taken = all<core::ReplicaPreempted>(result);
  BOOST_REQUIRE(taken.size() == 2);  // one in each of the zones that are empty now
  for (const core::Event& event : taken)
    BOOST_TEST((event.time.at == scenario.begin.at + seconds(300)));
  BOOST_TEST(result.score.preemptions == 2);
  BOOST_TEST(result.score.refused > 0);  // they are asked for again, in vain
  BOOST_TEST(result.score.nothing_ready.count() > 0);
  BOOST_TEST(result.score.availability() < 60'000);
}

BOOST_AUTO_TEST_CASE(requests_wait_while_nothing_is_ready_and_are_answered_then) {
  Scenario scenario = scenario_of(spot_only(1), seconds(120));
  ask_each_second(scenario, 5, 25, 3, seconds(1));  // the first replica is ready after 30 s
  const Run result = run(scenario);
  BOOST_TEST(result.score.arrived == 60);
  BOOST_TEST(result.score.waited == 60);
  BOOST_TEST(result.score.failed == 0);
  std::uint64_t completed = 0;
  for (const core::Event& event : all<core::TrafficSampled>(result))
    completed += std::get<core::TrafficSampled>(event.body).completions;
  BOOST_TEST(completed == 60);
  BOOST_TEST(all<core::RequestsHeld>(result).size() == 1);
}

BOOST_AUTO_TEST_CASE(requests_are_shed_after_their_time_and_beyond_the_limit) {
  core::ServiceSpec spec = spot_only(1);
  spec.balancer.hold_timeout = seconds(10);
  spec.balancer.hold_limit = 5;
  Scenario scenario = scenario_of(std::move(spec), seconds(120));
  ask_each_second(scenario, 1, 2, 8, seconds(1));  // three too many
  ask_each_second(scenario, 22, 23, 2, seconds(1));  // these wait 8 s, the five 10 s
  const Run result = run(scenario);
  BOOST_TEST(result.score.failed == 8);
  std::uint64_t shed = 0;
  for (const core::Event& event : all<core::RequestsShed>(result))
    shed += std::get<core::RequestsShed>(event.body).count;
  BOOST_TEST(shed == 8);
}

BOOST_AUTO_TEST_CASE(what_runs_on_a_machine_is_lost_with_it_and_saved_by_a_notice) {
  for (const bool has_notice : {false, true}) {
    Scenario scenario = scenario_of(spot_only(1), seconds(300));
    ask_each_second(scenario, 100, 101, 4, seconds(20));
    Capacity none{0, no_capacity(), has_notice ? seconds(30) : seconds(0)};
    scenario.capacity[zone("east-a")].set(scenario.begin.at + seconds(105), none);
    BOOST_TEST(run(scenario).score.failed == (has_notice ? 0u : 4u));
  }
}

BOOST_AUTO_TEST_CASE(a_first_request_wakes_a_service_at_zero) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas.min_replicas = 0;
  spec.replicas.base_ondemand_fallback_replicas = 0;
  Scenario scenario = scenario_of(std::move(spec), seconds(300));
  ask_each_second(scenario, 100, 101, 1, seconds(1));
  const Run result = run(scenario);
  BOOST_TEST(result.score.launches == 1);
  BOOST_TEST(result.score.failed == 0);
  BOOST_TEST(result.score.waited == 1);
}

BOOST_AUTO_TEST_CASE(more_replicas_are_launched_cost_more_and_are_less_crowded) {
  const World world = usual_world();
  const Scenario scenario = record(world).scenario;
  Scenario larger = scenario;
  auto& up = std::get<core::UpRequested>(larger.commands.front().command);
  up.spec.replicas.min_replicas = up.spec.replicas.max_replicas.emplace(8);
  const ServiceScore before = run(scenario).score, after = run(larger).score;
  BOOST_TEST(after.launches == 8);
  BOOST_TEST(after.launches > before.launches);
  BOOST_TEST(after.spent.nano_usd > before.spent.nano_usd);
  BOOST_TEST(before.crowded > 0);
  BOOST_TEST(after.crowded == 0);
}

BOOST_AUTO_TEST_CASE(a_scenario_that_begins_in_the_middle_finds_the_machines_that_run) {
  const World world = usual_world();
  const core::Seq middle{world.events.size() / 2};
  const Recording recording = record(world, middle);
  BOOST_REQUIRE(recording.scenario.before.services.contains("llama"));
  BOOST_TEST(recording.scenario.commands.empty());
  const Run again = run(recording.scenario);
  BOOST_TEST(again.score.launches == recording.score.launches);
  BOOST_TEST(within(again.score.spent.nano_usd, recording.score.spent.nano_usd, 2));
  BOOST_TEST(within(again.score.availability(), recording.score.availability(), 1));
}

BOOST_AUTO_TEST_CASE(a_service_that_goes_and_comes_again_is_counted_in_one) {
  World world;
  world.up(usual_spec());
  world.arrivals["llama"] = 4;
  world.pass(seconds(60));
  world.send(core::DownRequested{"llama", "ada"});
  world.pass(seconds(30));
  BOOST_REQUIRE(!world.has());
  world.up(usual_spec());
  world.pass(seconds(60));
  const Recording recording = record(world);
  const Run again = run(recording.scenario);
  BOOST_TEST(recording.score.launches == world.launches);
  BOOST_TEST(again.score.launches == recording.score.launches);
  BOOST_TEST(within(again.score.spent.nano_usd, recording.score.spent.nano_usd, 3));
}

BOOST_AUTO_TEST_CASE(capacity_stands_from_a_change_to_the_next) {
  CapacityTimeline timeline;
  const core::Instant first{seconds(10)}, second{seconds(20)};
  BOOST_TEST(timeline.at(first).machines == unlimited_machines);
  BOOST_TEST(!timeline.last_change());
  timeline.set(second, {7, {}, {}});
  timeline.set(first, {3, {}, {}});
  BOOST_TEST(timeline.at(first - core::Duration{1}).machines == unlimited_machines);
  BOOST_TEST(timeline.at(first).machines == 3);
  BOOST_TEST(timeline.at(second - core::Duration{1}).machines == 3);
  BOOST_TEST(timeline.at(second).machines == 7);
  BOOST_TEST((timeline.next_change(first) == second));
  BOOST_TEST(!timeline.next_change(second));
  BOOST_TEST((timeline.last_change() == second));
}

BOOST_AUTO_TEST_CASE(a_duration_is_the_middle_one_of_its_market_else_of_all_else_the_default) {
  SeenDurations durations(seconds(99));
  const core::Offer spot = offer("aws", "east-a", Market::spot, 100);
  BOOST_TEST((durations.of(spot) == seconds(99)));
  for (const int length : {30, 10, 20}) durations.add(spot, seconds(length));
  durations.add(offer("gcp", "west-c", Market::spot, 100), seconds(70));
  BOOST_TEST((durations.of(spot) == seconds(20)));
  BOOST_TEST((durations.of(offer("aws", "east-a", Market::on_demand, 500)) == seconds(30)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::projections
