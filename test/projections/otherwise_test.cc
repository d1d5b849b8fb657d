// Goal: what is said to have been needed for another outcome gives that outcome, and a little less
// does not. Method: worlds that get exactly the stated load, time, surge or block, through `step`.
#include "projections/otherwise.h"

#include <boost/test/unit_test.hpp>
#include <variant>

#include "test/projections/random_world.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::seconds;

Model before(const World& world, core::Seq seq) {
  Model model;
  for (const core::Event& event : world.events) {
    if (event.seq >= seq) break;
    evolve(model, event);
  }
  return model;
}

template <class Kind>
Kind asked(const World& world, const core::Event& event) {
  const Otherwise found = otherwise(before(world, event.seq), event);
  BOOST_TEST_REQUIRE(std::holds_alternative<Kind>(found));
  return std::get<Kind>(found);
}

// So many requests in every window of ten seconds, whichever ten.
void load_windows(World& world, std::uint64_t per_window, int windows) {
  for (int second = 0; second < windows * 10; ++second) {
    const std::uint64_t i = static_cast<std::uint64_t>(second % 10);
    world.arrivals["llama"] =
        static_cast<std::uint32_t>((i + 1) * per_window / 10 - i * per_window / 10);
    world.pass(seconds(1));
  }
}

World at_rest(core::ServiceSpec spec) {
  World world;
  world.up(std::move(spec));
  world.pass(seconds(20));
  return world;
}

std::uint32_t target_under(const core::ServiceSpec& spec, std::uint64_t per_window) {
  World world = at_rest(spec);
  load_windows(world, per_window, 8);
  return world.service().target;
}

BOOST_AUTO_TEST_SUITE(what_another_outcome_needed)

BOOST_AUTO_TEST_CASE(the_stated_arrivals_raise_the_target_and_one_less_does_not) {
  for (const std::int64_t each : {333, 700, 1000, 1500, 2000}) {
    core::ServiceSpec spec = usual_spec();
    spec.replicas.target_qps_per_replica = core::MilliRps{each};
    const World world = at_rest(spec);
    const auto scale = asked<ScaleOtherwise>(world, world.last_event<core::ScaleEvaluated>());
    BOOST_REQUIRE(scale.fewest_for_more);
    BOOST_TEST(scale.target == 2u);
    BOOST_TEST(target_under(spec, *scale.fewest_for_more) == 3u, "each " << each);
    BOOST_TEST(target_under(spec, *scale.fewest_for_more - 1) == 2u, "each " << each);
  }
}

BOOST_AUTO_TEST_CASE(the_same_holds_with_targets_per_accelerator) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas.target_qps_per_accelerator = {{"T4", core::MilliRps{1300}}};
  const World world = at_rest(spec);
  const auto scale = scale_otherwise(world.service(), world.now(),
                                     standing_evaluation(world.service(), world.now()));
  BOOST_REQUIRE(scale.fewest_for_more);
  BOOST_TEST(target_under(spec, *scale.fewest_for_more) == 3u);
  BOOST_TEST(target_under(spec, *scale.fewest_for_more - 1) == 2u);
}

BOOST_AUTO_TEST_CASE(the_stated_arrivals_lower_the_target_and_one_more_does_not) {
  World world = at_rest(usual_spec());
  load_windows(world, 40, 6);
  BOOST_REQUIRE_EQUAL(world.service().target, 4u);
  const auto scale = scale_otherwise(world.service(), world.now(),
                                     standing_evaluation(world.service(), world.now()));
  BOOST_REQUIRE(scale.most_for_fewer);
  for (const std::uint64_t more : {0, 1}) {
    World next = at_rest(usual_spec());
    load_windows(next, 40, 6);
    load_windows(next, *scale.most_for_fewer + more, 8);
    BOOST_TEST(next.service().target == (more == 0 ? 3u : 4u));
  }
}

BOOST_AUTO_TEST_CASE(a_raised_target_says_with_which_load_it_would_have_stayed) {
  World world = at_rest(usual_spec());
  load_windows(world, 40, 6);
  const auto raised = asked<ScaleOtherwise>(world, world.last_event<core::ScaleEvaluated>());
  BOOST_REQUIRE(raised.most_to_stay);
  BOOST_TEST(*raised.most_to_stay == 20u);
  BOOST_TEST(!raised.fewest_for_more.has_value());  // max_replicas stands in the way
  BOOST_TEST(target_under(usual_spec(), *raised.most_to_stay) == 2u);
  BOOST_TEST(target_under(usual_spec(), *raised.most_to_stay + 1) == 3u);
}

BOOST_AUTO_TEST_CASE(a_wait_moves_the_target_after_the_stated_time_and_not_before) {
  for (const std::int64_t delay : {5, 10, 33}) {
    core::ServiceSpec spec = usual_spec();
    spec.replicas.upscale_delay = seconds(delay);
    World world = at_rest(spec);
    world.arrivals["llama"] = 3;
    while (world.service().last_evaluation.verdict != core::ScaleVerdict::waiting_to_raise)
      world.pass(seconds(1));
    world.pass(seconds(2));
    const auto scale = scale_otherwise(world.service(), world.now(),
                                       standing_evaluation(world.service(), world.now()));
    BOOST_REQUIRE(scale.left);
    world.pass(*scale.left - seconds(1));
    BOOST_TEST(world.service().target == 2u, "delay " << delay);
    world.pass(seconds(1));
    BOOST_TEST(world.service().target == 3u, "delay " << delay);
  }
}

BOOST_AUTO_TEST_CASE(running_requests_are_another_way_to_a_larger_target) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas.target_concurrency_per_replica = 5;
  const World world = at_rest(spec);
  const auto scale = asked<ScaleOtherwise>(world, world.last_event<core::ScaleEvaluated>());
  BOOST_TEST(scale.running_for_more.value_or(0) == 11u);
}

BOOST_AUTO_TEST_CASE(where_running_requests_ask_for_more_already_no_arrivals_are_named) {
  core::ServiceSpec spec = usual_spec();
  spec.replicas.target_concurrency_per_replica = 5;
  World world = at_rest(spec);
  core::TrafficSampled sample;
  sample.period = seconds(1);
  sample.in_flight = 14;  // three replicas' worth
  world.send(core::TrafficReported{"llama", sample});
  const auto scale = scale_otherwise(world.service(), world.now(),
                                     standing_evaluation(world.service(), world.now()));
  BOOST_TEST(scale.wanted == 3u);
  BOOST_TEST(!scale.fewest_for_more.has_value());
  BOOST_TEST(scale.running_for_more.value_or(0) == 11u);
  BOOST_TEST(scale.left.has_value());
}

BOOST_AUTO_TEST_CASE(a_placement_names_the_next_one_and_what_the_others_lacked) {
  World world = at_rest(usual_spec());
  load_windows(world, 40, 6);
  const core::Event* event = nullptr;  // the first in the burst pool
  for (const core::Event& one : world.events)
    if (const auto* body = std::get_if<core::PlacementChosen>(&one.body);
        body && body->policy == "static_mixture" && !event)
      event = &one;
  BOOST_REQUIRE(event);
  const auto placement = asked<PlacementOtherwise>(world, *event);
  BOOST_REQUIRE(placement.chosen && placement.next);
  BOOST_TEST(placement.chosen->place.zone == "east-a");
  BOOST_TEST(placement.next->place.zone == "east-b");
  BOOST_REQUIRE_EQUAL(placement.others.size(), 2u);
  BOOST_REQUIRE(placement.others[0].needs && placement.others[0].needs->below);
  BOOST_TEST(placement.others[0].needs->below->micro_usd_per_hour == 100'000);

  World cheaper;  // with that price, less the smallest part
  cheaper.offers[2].price.micro_usd_per_hour = 99'999;
  cheaper.up(usual_spec());
  cheaper.pass(seconds(20));
  load_windows(cheaper, 40, 6);
  for (const core::Event& one : cheaper.all<core::PlacementChosen>()) {
    const auto& body = std::get<core::PlacementChosen>(one.body);
    if (body.policy != "static_mixture") continue;
    BOOST_TEST(core::chosen_offer(body)->place.zone == "east-b");
    break;
  }
}

BOOST_AUTO_TEST_CASE(a_failed_launch_says_what_is_blocked_until_when_and_what_was_tried_instead) {
  World world;
  world.refuse = [](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (order.offer.place.cloud != "kubernetes") return {};
    return core::Failure{core::FailureKind::capacity, core::FailureScope::zone, "0/3 nodes", {}};
  };
  world.up(usual_spec());
  world.pass(seconds(5));
  const core::Event failed = world.all<core::ProvisionFailed>().front();
  const auto launch = asked<LaunchOtherwise>(world, failed);
  const auto block = std::get<core::ZoneBlocked>(world.all<core::ZoneBlocked>().front().body);
  BOOST_TEST(launch.failure.text == "0/3 nodes");
  BOOST_REQUIRE(launch.until && launch.instead);
  BOOST_TEST((*launch.until == block.until));
  BOOST_TEST(
      (*launch.instead ==
       std::get<core::LaunchIntended>(world.event(core::Seq{failed.seq.value + 3}).body).offer));
}

BOOST_AUTO_TEST_CASE(a_repeated_call_says_when_it_is_made_again) {
  World world;
  world.refuse = [](const core::LaunchInstance&) {
    return core::Failure{core::FailureKind::throttled, {}, "slow down", {}};
  };
  world.up(usual_spec());
  world.pass(core::milliseconds(2500));
  const auto launch = asked<LaunchOtherwise>(world, world.all<core::ProvisionFailed>().front());
  BOOST_TEST((launch.next == core::NextLaunch::same_call));
  BOOST_TEST(!launch.blocked.has_value());
  BOOST_REQUIRE(launch.retry_at);
  const core::Instant retry_at = *launch.retry_at;
  const auto launches = world.launches;
  world.pass(retry_at - world.now() - core::milliseconds(1));
  BOOST_TEST(world.launches == launches);
  world.pass(core::milliseconds(1));
  BOOST_TEST(world.launches > launches);
}

BOOST_AUTO_TEST_CASE(who_goes_first_and_who_goes_next_is_the_order_of_the_fleet) {
  World world = at_rest(usual_spec());
  load_windows(world, 40, 6);
  world.arrivals["llama"] = 0;
  while (world.all<core::DrainStarted>().empty()) world.pass(seconds(1));
  const auto drains = world.all<core::DrainStarted>();
  BOOST_REQUIRE_EQUAL(drains.size(), 2u);
  const auto drop = asked<DropOtherwise>(world, drains[0]);
  BOOST_REQUIRE(drop.next);
  BOOST_TEST(drop.gone.id.value == drains[0].replica.value);
  BOOST_TEST(drop.next->id.value == drains[1].replica.value);
  BOOST_TEST((drop.trait == core::DownscaleTrait::price));  // east-b is dearer than east-a
  BOOST_TEST(drop.wanted == 0u);
  BOOST_TEST(drop.live == 2u);

  // the other way round if the other one is dearer
  World dearer;
  dearer.offers[1].price = {109'000};
  dearer.offers[2].price = {108'000};
  dearer.up(usual_spec());
  dearer.pass(seconds(20));
  load_windows(dearer, 40, 6);
  dearer.arrivals["llama"] = 0;
  while (dearer.all<core::DrainStarted>().empty()) dearer.pass(seconds(1));
  const auto first = dearer.all<core::DrainStarted>()[0];
  BOOST_TEST(dearer.event(first.seq).replica.value ==
             asked<DropOtherwise>(dearer, first).gone.id.value);
  BOOST_TEST(asked<DropOtherwise>(dearer, first).gone.price.micro_usd_per_hour == 109'000);
}

BOOST_AUTO_TEST_CASE(a_planned_replica_would_not_be_there_with_the_stated_target) {
  World world = at_rest(usual_spec());
  load_windows(world, 40, 6);
  const auto planned = world.all<core::ReplicaPlanned>();
  const auto plan = asked<PlanOtherwise>(world, planned[2]);
  BOOST_TEST(plan.target == 4u);
  BOOST_TEST(plan.target_without.value_or(9) == 2u);
}

BOOST_AUTO_TEST_CASE(the_stated_surge_launches_what_waits_and_one_less_does_not) {
  const auto spec_with = [](std::uint32_t surge) {
    core::ServiceSpec spec = usual_spec();
    spec.replicas.min_replicas = spec.replicas.base_ondemand_fallback_replicas = 4;
    spec.replicas.max_replicas = 5;
    spec.rollout.max_surge = surge;
    return spec;
  };
  const auto rolling = [&](std::uint32_t surge) {
    World world = at_rest(spec_with(1));
    core::ServiceSpec next = spec_with(surge);
    next.task.run = "another";
    world.send(core::UpdateRequested{next, world.offers, core::UpdateMode::rolling, "ada"});
    return world;
  };
  const World world = rolling(1);
  const FleetView fleet = fleet_view(world.model.zones, world.service(), world.now());
  BOOST_REQUIRE(!fleet.missing.empty());
  const std::uint32_t wanted = surge_for(fleet);
  BOOST_TEST(wanted > 1u);
  for (const std::uint32_t surge : {wanted, wanted - 1}) {
    const World other = rolling(surge);
    const FleetView with = fleet_view(other.model.zones, other.service(), world.now());
    BOOST_TEST(with.missing.empty() == (surge == wanted), "surge " << surge);
  }
}

BOOST_AUTO_TEST_CASE(a_silent_replica_is_given_up_at_the_stated_moment_and_not_before) {
  World world = at_rest(usual_spec());
  world.machine(1)->answers = false;
  while (world.all<core::ReplicaBecameNotReady>().empty()) world.pass(seconds(1));
  const auto unready =
      asked<UnreadyOtherwise>(world, world.last_event<core::ReplicaBecameNotReady>());
  BOOST_REQUIRE(unready.given_up);
  world.pass(*unready.given_up - world.now() - core::milliseconds(1));
  BOOST_TEST((world.replica(1).phase == Phase::not_ready));
  world.pass(core::milliseconds(1));
  BOOST_TEST((world.replica(1).phase == Phase::shutting_down));
  const auto silence =
      asked<SilenceOtherwise>(world, world.last_event<core::TerminationIntended>());
  BOOST_TEST(silence.silent.count() == silence.allowed.count());
}

BOOST_AUTO_TEST_CASE(a_rolled_back_version_lacked_one_replica_that_baked) {
  World world = at_rest(usual_spec());
  core::ServiceSpec next = usual_spec();
  next.task.run = "another";
  next.probe.initial_delay = seconds(20);
  world.crashes = [](const core::LaunchInstance&) { return true; };
  world.send(core::UpdateRequested{next, world.offers, core::UpdateMode::rolling, "ada"});
  while (world.all<core::VersionRolledBack>().empty()) world.pass(seconds(1));
  const auto rollback =
      asked<RollbackOtherwise>(world, world.last_event<core::VersionRolledBack>());
  BOOST_TEST(rollback.failed.value == 2u);
  BOOST_TEST(rollback.restored.value == 1u);
  BOOST_TEST((rollback.bake_time == next.rollout.bake_time));
  BOOST_TEST(rollback.failures == 1u);
}

BOOST_AUTO_TEST_CASE(any_decision_of_a_random_world_can_be_asked_about) {
  std::map<std::size_t, std::size_t> kinds;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    RandomWorld random(seed);
    random.begin();
    random.live(12);
    for (auto& [token, machine] : random.world.machines) machine.answers = false;
    random.live(12);
    Model model;
    for (const core::Event& event : random.world.events) {
      const Otherwise found = otherwise(model, event);
      ++kinds[found.index()];
      if (const auto* drop = std::get_if<DropOtherwise>(&found))
        BOOST_TEST(drop->gone.id.value == event.replica.value);
      evolve(model, event);
    }
  }
  BOOST_TEST(kinds.size() == std::variant_size_v<Otherwise>);  // each of them came up
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
