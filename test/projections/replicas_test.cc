// Replicas in trouble: launches refused, servers that do not answer, machines that do not go.
#include <boost/test/unit_test.hpp>

#include "projections/service_fold.h"
#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::FailureKind;
using core::Phase;
using core::seconds;

core::Failure failure(FailureKind kind, const char* text = "the cloud says no") {
  return {kind, core::FailureScope::unknown, text, {}};
}

// Refuses every launch in `cloud` with `kind`.
auto refusing(const std::string& cloud, FailureKind kind) {
  return [cloud, kind](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (order.offer.place.cloud != cloud) return {};
    return failure(kind);
  };
}

BOOST_AUTO_TEST_SUITE(launches)

BOOST_AUTO_TEST_CASE(no_capacity_blocks_the_zone_and_the_next_offer_is_tried_at_once) {
  World world;
  world.refuse = [](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    if (order.offer.place.zone != "east-a") return {};
    return failure(FailureKind::capacity);
  };
  world.up(one_replica(true));
  world.pass(seconds(10));
  const Replica& replica = world.replica(1);
  BOOST_TEST(replica.attempt == 2u);
  BOOST_TEST(replica.offer.place.zone == "east-b");
  const core::Event blocked = world.last_event<core::ZoneBlocked>();
  BOOST_TEST((world.last<core::ZoneBlocked>().until - blocked.time.at == seconds(180)));
  const auto attempts = world.all<core::LaunchIntended>();
  BOOST_REQUIRE_EQUAL(attempts.size(), 2u);
  BOOST_TEST((attempts[1].time.at == blocked.time.at));
  const auto chain = world.chain(attempts[1].seq);
  BOOST_TEST((std::find(chain.begin(), chain.end(), "ProvisionFailed") != chain.end()));
}

BOOST_AUTO_TEST_CASE(with_every_offer_blocked_it_waits_and_wakes_at_the_first_expiry) {
  World world({offer("aws", "east-a", core::Market::spot, 100)});
  world.refuse = refusing("aws", FailureKind::capacity);
  world.up(one_replica(true));
  world.pass(seconds(60));
  BOOST_TEST((world.replica(1).phase == Phase::pending));
  BOOST_TEST(world.replica(1).reason.find("blocked") != std::string::npos);
  BOOST_TEST(world.launches == 1u);
  world.pass(seconds(180));
  BOOST_TEST(world.launches == 2u);  // after 3 min, then 6, 12, 24, 30, 30
  world.pass(seconds(3600));
  BOOST_TEST(world.launches == 5u);
  world.refuse = {};
  world.pass(seconds(1800));
  BOOST_TEST(world.count(Phase::ready) == 1u);
  BOOST_TEST(world.model.zones.blocks.empty());  // cleared by the success
}

BOOST_AUTO_TEST_CASE(a_lesser_failure_in_a_blocked_place_does_not_open_it_sooner) {
  World world({offer("aws", "east-a", core::Market::spot, 100)});
  world.refuse = [calls = 0](const core::LaunchInstance&) mutable {
    return std::optional(failure(++calls == 1 ? FailureKind::unsupported : FailureKind::unknown));
  };
  core::ServiceSpec spec = one_replica(true);
  spec.replicas.min_replicas = 2;
  world.up(spec);
  world.pass(seconds(10));
  const auto blocks = world.all<core::ZoneBlocked>();
  BOOST_REQUIRE_EQUAL(blocks.size(), 2u);
  BOOST_TEST((world.last<core::ZoneBlocked>().until - blocks[0].time.at >= seconds(6 * 3600)));
  world.pass(seconds(3600));
  BOOST_TEST(world.launches == 2u);
}

BOOST_AUTO_TEST_CASE(a_base_replica_overflows_to_a_paid_machine_only_with_a_mark_and_a_price) {
  World world;
  world.refuse = refusing("kubernetes", FailureKind::capacity);
  world.up(usual_spec());
  world.pass(seconds(20));
  BOOST_TEST(world.replica(1).paid_overflow);
  BOOST_TEST(world.last<core::LaunchIntended>().paid_overflow);
  const core::PlacementChosen& placement = world.last<core::PlacementChosen>();
  BOOST_TEST(placement.reason.find("billed") != std::string::npos);
  BOOST_TEST(placement.candidates.size() == 3u);
}

BOOST_AUTO_TEST_CASE(no_paid_overflow_means_waiting_for_the_free_machine) {
  World world;
  world.refuse = refusing("kubernetes", FailureKind::capacity);
  core::ServiceSpec spec = usual_spec();
  spec.no_paid_overflow = true;
  world.up(spec);
  world.pass(seconds(60));
  BOOST_TEST(world.count(Phase::pending) == 2u);
  BOOST_TEST(world.replica(1).reason.find("free machine") != std::string::npos);
  world.refuse = {};
  world.pass(seconds(400));
  BOOST_TEST(world.count(Phase::ready) == 2u);
}

BOOST_AUTO_TEST_CASE(an_unanswered_launch_is_repeated_with_the_same_token_and_never_another) {
  World world;
  std::set<std::string> tokens;
  world.refuse = [&](const core::LaunchInstance& order) -> std::optional<core::Failure> {
    tokens.insert(order.token);
    if (world.launches < 12) return failure(FailureKind::indeterminate);
    return {};
  };
  world.up(one_replica(true));
  world.pass(seconds(600));
  BOOST_TEST(tokens.size() == 1u);
  BOOST_TEST(world.launches == 12u);
  BOOST_TEST(world.count(Phase::ready) == 1u);
  BOOST_TEST(world.replica(1).attempt == 1u);
}

BOOST_AUTO_TEST_CASE(a_throttled_launch_is_repeated_a_few_times_and_then_tried_elsewhere) {
  World world;
  world.refuse = refusing("aws", FailureKind::throttled);
  world.up(one_replica(true));
  world.pass(seconds(1200));
  BOOST_TEST(world.replica(1).offer.place.cloud == "gcp");
  BOOST_TEST(world.count(Phase::ready) == 1u);
}

BOOST_AUTO_TEST_CASE(a_credential_that_fails_stops_its_cloud_and_no_other) {
  for (const FailureKind kind : {FailureKind::auth, FailureKind::forbidden}) {
    World world;
    world.refuse = refusing("aws", kind);
    world.up(one_replica(true));
    world.pass(seconds(30));
    BOOST_TEST(world.launches == 2u);
    BOOST_TEST(world.replica(1).offer.place.cloud == "gcp");
  }
}

BOOST_AUTO_TEST_CASE(an_invalid_launch_fails_for_good_and_is_not_tried_in_a_loop) {
  World world;
  world.refuse = [](const core::LaunchInstance&) -> std::optional<core::Failure> {
    return failure(FailureKind::invalid, "no such image");
  };
  world.up(one_replica(true));
  world.pass(seconds(5));
  BOOST_TEST((world.replica(1).phase == Phase::failed_provision));
  BOOST_TEST(world.replica(1).reason == "no such image");
  BOOST_TEST((status_of(world.service()) == ServiceStatus::failed));
  world.pass(seconds(7200));
  BOOST_TEST(world.launches == 10u);  // then given up: `skyctl update` begins anew
  BOOST_TEST((status_of(world.service()) == ServiceStatus::failed));
  BOOST_TEST(world.service().replicas.size() == max_failed_rows);
  world.refuse = {};
  world.send(
      core::UpdateRequested{one_replica(true), world.offers, core::UpdateMode::rolling, "ada"});
  world.pass(seconds(20));
  BOOST_TEST(world.count(Phase::ready) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(health)

BOOST_AUTO_TEST_CASE(never_ready_within_the_initial_delay_fails_with_a_text) {
  World world;
  world.startup = seconds(100'000);
  world.up(one_replica(true));
  world.pass(seconds(50));
  BOOST_TEST((world.replica(1).phase == Phase::starting));
  world.pass(seconds(20));
  BOOST_TEST((world.replica(1).phase == Phase::failed_initial_delay));
  BOOST_TEST(world.replica(1).reason.find("not ready within 60 s") != std::string::npos);
  BOOST_TEST(world.machines.size() <= 1u);
}

BOOST_AUTO_TEST_CASE(a_starting_replica_that_nobody_could_probe_fails_too) {
  World world;
  world.probing = seconds(100'000);
  world.pass(seconds(2));
  world.up(one_replica(true));
  world.pass(seconds(65));
  BOOST_TEST((world.replica(1).phase == Phase::failed_initial_delay));
}

BOOST_AUTO_TEST_CASE(a_silent_replica_gets_no_requests_at_once_and_fails_after_the_window) {
  World world;
  world.up(one_replica(true));
  world.pass(seconds(10));
  world.machine(1)->answers = false;
  world.pass(seconds(1));
  BOOST_TEST((world.replica(1).phase == Phase::not_ready));
  BOOST_TEST((status_of(world.service()) == ServiceStatus::not_ready));
  world.machine(1)->answers = true;
  world.pass(seconds(2));
  BOOST_TEST((world.replica(1).phase == Phase::ready));
  world.machine(1)->answers = false;
  world.pass(seconds(25));
  BOOST_TEST((world.replica(1).phase == Phase::failed_probing));
}

BOOST_AUTO_TEST_CASE(an_ejection_by_the_endpoint_asks_the_replica_at_once) {
  World world;
  world.up(one_replica(true));
  world.pass(seconds(10));
  const Step step = world.send(core::ReplicaReported{
      "llama", core::ReplicaId{1}, core::EndpointChange::ejected, "connection refused"});
  BOOST_REQUIRE_EQUAL(step.effects.size(), 1u);
  BOOST_TEST((std::get<core::ProbeNow>(step.effects[0]).replica == core::ReplicaId{1}));
}

BOOST_AUTO_TEST_CASE(a_server_that_ends_by_itself_is_replaced_after_a_while_not_at_once) {
  World world;
  world.up(one_replica(true));
  world.pass(seconds(10));
  world.change(1, core::InstanceChange::user_code_ended);
  BOOST_TEST((world.replica(1).phase == Phase::failed));
  BOOST_TEST(world.live() == 0u);
  world.pass(seconds(9));
  BOOST_TEST(world.live() == 0u);
  BOOST_TEST(world.machines.empty());  // its machine was given back
  world.pass(seconds(2));
  BOOST_TEST(world.live() == 1u);
}

BOOST_AUTO_TEST_CASE(a_preempted_replica_is_replaced_at_once_while_another_one_waits) {
  World world;
  core::ServiceSpec spec = one_replica(true);
  spec.replicas.min_replicas = 2;
  spec.replicas.max_replicas = 2;
  world.up(spec);
  world.pass(seconds(10));
  world.change(1, core::InstanceChange::user_code_ended);
  world.change(2, core::InstanceChange::preempted);
  BOOST_TEST(world.live() == 1u);
}

BOOST_AUTO_TEST_CASE(replicas_that_fail_together_wait_like_one) {
  World world;
  core::ServiceSpec spec = one_replica(true);
  spec.replicas.min_replicas = spec.replicas.max_replicas.emplace(4);
  spec.replicas.num_overprovision = 0;
  world.up(spec);
  world.pass(seconds(60));
  for (std::uint32_t id = 1; id <= 4; ++id) world.change(id, core::InstanceChange::user_code_ended);
  world.pass(seconds(11));
  BOOST_TEST(world.live() == 4u);
}

BOOST_AUTO_TEST_CASE(a_machine_lost_before_it_was_ready_is_replaced_at_once_and_blames_nobody) {
  World world;
  core::ServiceSpec spec = one_replica(false);
  world.up(spec);
  world.pass(seconds(3));
  BOOST_REQUIRE((world.replica(1).phase == Phase::starting));
  world.change(1, core::InstanceChange::lost);
  BOOST_TEST((world.replica(2).phase == Phase::provisioning));
  BOOST_TEST(world.service().versions.begin()->second.failures == 0u);
}

BOOST_AUTO_TEST_CASE(a_machine_that_cannot_be_terminated_stays_in_the_table) {
  World world;
  world.up(one_replica(true));
  world.pass(seconds(10));
  world.keep = [](const core::TerminateInstance&) -> std::optional<core::Failure> {
    return failure(FailureKind::forbidden, "not allowed");
  };
  world.change(1, core::InstanceChange::user_code_ended);
  world.pass(seconds(1000));
  BOOST_TEST((world.replica(1).phase == Phase::failed_cleanup));
  BOOST_TEST(world.replica(1).reason.find("not allowed") != std::string::npos);
  BOOST_TEST(world.all<core::TerminationFailed>().size() == 8u);
}

BOOST_AUTO_TEST_CASE(only_the_newest_failed_rows_are_kept) {
  World world;
  world.startup = seconds(100'000);
  core::ServiceSpec spec = one_replica(true);
  spec.probe.initial_delay = seconds(1);
  world.up(spec);
  world.pass(seconds(20));
  world.startup = seconds(1);
  world.pass(seconds(60));
  world.startup = seconds(100'000);
  for (int i = 0; i < 14; ++i) {
    if (Machine* machine = world.machine(world.service().replicas.rbegin()->first.value))
      world.change(machine->replica.value, core::InstanceChange::user_code_ended);
    world.pass(seconds(320));
  }
  BOOST_TEST(world.count(Phase::failed) + world.count(Phase::failed_initial_delay) <= 10u);
}

BOOST_AUTO_TEST_CASE(a_failure_beside_many_machines_that_cannot_be_terminated_is_forgotten) {
  World world;
  world.startup = seconds(100'000);
  world.keep = [](const core::TerminateInstance&) { return failure(FailureKind::auth); };
  core::ServiceSpec spec = one_replica(true);
  spec.replicas.min_replicas = static_cast<std::uint32_t>(max_failed_rows + 1);
  spec.replicas.max_replicas.reset();
  spec.probe.initial_delay = seconds(1);
  world.up(spec);
  world.pass(seconds(500));
  BOOST_TEST(world.count(Phase::failed_cleanup) > max_failed_rows);
  world.keep = {};
  world.pass(seconds(600));
  BOOST_TEST(world.count(Phase::failed_cleanup) > max_failed_rows);
  BOOST_TEST(world.count(Phase::failed_initial_delay) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(restarts)

BOOST_AUTO_TEST_CASE(open_calls_are_made_again_with_the_same_token_and_nothing_twice) {
  for (const int after_ms : {0, 100, 1900, 2500, 5000}) {
    World world;
    world.up(usual_spec());
    world.pass(core::milliseconds(after_ms));
    world.restart();
    world.pass(seconds(30));
    BOOST_TEST(world.count(Phase::ready) == 2u);
    BOOST_TEST(world.machines.size() == 2u);
    BOOST_TEST(world.service().last_replica_id == 2u);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
