// The AWS cloud against our scripted EC2 (ec2_fake.py), which AWS's own tools take for one.

#include <boost/test/unit_test.hpp>

#include "test/adapters/loop.h"
#include "test/aws/aws_world.h"

namespace sky::adapters::aws {
namespace {

Peer start_fake() { return Peer({"/usr/bin/python3", SKY_AWS_TESTS "/ec2_fake.py"}); }

struct FakeWorld {
  Peer peer = start_fake();
  AwsWorld aws{peer.url};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(aws_cloud)

BOOST_FIXTURE_TEST_CASE(a_machine_is_launched_listed_and_ended, FakeWorld) {
  const auto order = AwsWorld::order(1);
  const auto outcome = aws.launch(order);
  const auto* success = std::get_if<core::ProvisionSucceeded>(&outcome);
  BOOST_REQUIRE(success != nullptr);
  BOOST_TEST(success->port == 8888);
  BOOST_TEST(success->host.starts_with("127.0.10."));
  const auto listed = aws.list();
  BOOST_REQUIRE(listed.size() == 1U);
  BOOST_TEST(listed[0].instance_id == success->instance_id);
  BOOST_TEST(listed[0].service == "web");
  BOOST_TEST(listed[0].replica.value == 1U);
  BOOST_TEST(listed[0].attempt == 1U);
  BOOST_TEST(listed[0].place.zone == "us-east-1a");
  BOOST_TEST(aws.terminate(order).index() == 0U);
  BOOST_TEST(aws.list().empty());
  BOOST_TEST(aws.changes.empty());
}

BOOST_FIXTURE_TEST_CASE(the_same_order_twice_is_one_machine_after_a_restart_too, FakeWorld) {
  const std::string first = aws.launch_id(AwsWorld::order(1));
  BOOST_TEST(aws.launch_id(AwsWorld::order(1)) == first);
  AwsWorld restarted(peer.url);
  BOOST_TEST(restarted.launch_id(AwsWorld::order(1)) == first);
  BOOST_TEST(aws.count("running") == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_order_sent_again_in_other_words_finds_its_machine, FakeWorld) {
  auto order = AwsWorld::order(1);
  const std::string first = aws.launch_id(order);
  AwsWorld restarted(peer.url);
  order.spec.task.run = "sleep 2000";  // another version of the launcher would do the same
  BOOST_TEST(restarted.launch_id(order) == first);
}

BOOST_FIXTURE_TEST_CASE(a_token_whose_machine_has_ended_is_spent, FakeWorld) {
  const auto order = AwsWorld::order(1);
  (void)aws.launch(order);
  (void)aws.terminate(order);
  BOOST_TEST(aws.launch_kind(order) == "conflict");
}

BOOST_FIXTURE_TEST_CASE(a_full_zone_is_capacity_there_and_the_next_zone_takes_the_order,
                        FakeWorld) {
  (void)aws.fake(R"({"capacity": {"zone": "us-east-1a", "count": 0}})");
  (void)aws.fake(R"({"capacity": {"zone": "us-east-1b", "count": 0}})");
  BOOST_TEST(aws.launch_kind(AwsWorld::order(1, "us-east-1a")) == "capacity");
  BOOST_TEST(aws.launch_kind(AwsWorld::order(2, "us-east-1b")) == "capacity");
  BOOST_TEST(aws.launch_kind(AwsWorld::order(3, "us-east-1c")) == "ok");
}

BOOST_FIXTURE_TEST_CASE(a_quota_is_told_with_the_providers_words, FakeWorld) {
  (void)aws.fake(R"({"fail": {"action": "RunInstances", "code": "MaxSpotInstanceCountExceeded",
                              "message": "Max spot instance count exceeded"}})");
  const auto outcome = aws.launch(AwsWorld::order(1));
  const auto& failure = std::get<core::Failure>(outcome);
  BOOST_TEST(to_text(failure.kind) == "quota");
  BOOST_TEST(to_text(failure.scope) == "region");
  BOOST_TEST(failure.text == "MaxSpotInstanceCountExceeded: Max spot instance count exceeded");
}

BOOST_FIXTURE_TEST_CASE(a_burst_of_throttling_delays_and_does_not_fail, FakeWorld) {
  (void)aws.fake(R"({"fail": {"action": "RunInstances", "code": "RequestLimitExceeded",
                              "status": 503, "times": 3}})");
  BOOST_TEST(aws.launch_kind(AwsWorld::order(1)) == "ok");
  const JsonValue held = aws.fake();
  BOOST_TEST(JsonView(held).at("calls").at("RunInstances").integer_or(0) == 4);
}

BOOST_FIXTURE_TEST_CASE(throttling_without_end_is_told_to_the_planner, FakeWorld) {
  (void)aws.fake(R"({"fail": {"action": "RunInstances", "code": "RequestLimitExceeded",
                              "status": 503, "times": 1000}})");
  BOOST_TEST(aws.launch_kind(AwsWorld::order(1)) == "throttled");
}

BOOST_FIXTURE_TEST_CASE(a_machine_that_lists_do_not_show_yet_is_not_lost, FakeWorld) {
  (void)aws.fake(R"({"hide_seconds": 0.8})");
  BOOST_TEST(aws.launch_kind(AwsWorld::order(1)) == "ok");
  run_for(aws.reactor, std::chrono::milliseconds(300));
  BOOST_TEST(aws.changes.empty());
  BOOST_TEST(aws.count("running") == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_dropped_answer_is_indeterminate_and_asking_again_finds_the_machine,
                        FakeWorld) {
  (void)aws.fake(R"({"drop": {"action": "RunInstances"}})");
  const auto order = AwsWorld::order(1);
  BOOST_TEST(aws.launch_kind(order) == "indeterminate");
  BOOST_TEST(aws.count("running") == 1U);
  BOOST_TEST(aws.launch_kind(order) == "ok");
  BOOST_TEST(aws.count("running") == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_dropped_answer_and_a_service_that_ends_leave_nothing, FakeWorld) {
  (void)aws.fake(R"({"drop": {"action": "RunInstances"}})");
  const auto order = AwsWorld::order(1);
  BOOST_TEST(aws.launch_kind(order) == "indeterminate");
  BOOST_TEST(aws.terminate(order).index() == 0U);
  BOOST_TEST(aws.count("running") == 0U);
}

BOOST_FIXTURE_TEST_CASE(ending_while_the_launch_is_on_its_way_ends_what_comes_of_it, FakeWorld) {
  (void)aws.fake(R"({"pending_seconds": 0.5})");
  const auto order = AwsWorld::order(1);
  std::optional<LaunchOutcome> launched;
  aws.cloud->launch(order, {}, [&](LaunchOutcome answer) { launched = std::move(answer); });
  BOOST_TEST(aws.terminate(order).index() == 0U);
  BOOST_REQUIRE(launched.has_value());
  BOOST_TEST(launched->index() == 1U);
  BOOST_TEST(aws.list().empty());
}

BOOST_FIXTURE_TEST_CASE(a_notice_is_heard_from_outside_and_then_the_loss, FakeWorld) {
  const std::string id = aws.launch_id(AwsWorld::order(1));
  (void)aws.fake(R"({"notice": ")" + id + R"(", "seconds": 1})");
  BOOST_REQUIRE(aws.wait_for(core::InstanceChange::noticed));
  BOOST_TEST(aws.changes[0].text.starts_with("marked-for-termination"));
  BOOST_CHECK(aws.changes[0].notice_left == core::seconds(120));
  BOOST_REQUIRE(aws.wait_for(core::InstanceChange::preempted));
  BOOST_TEST(aws.changes.size() == 2U);
  BOOST_TEST(aws.changes[1].replica.value == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_machine_that_ends_by_itself_is_lost_and_not_preempted, FakeWorld) {
  const std::string id = aws.launch_id(AwsWorld::order(1));
  AwsWorld stranger(peer.url);  // somebody with the same key
  (void)stranger.list();
  (void)stranger.terminate(AwsWorld::order(1));
  BOOST_REQUIRE(aws.wait_for(core::InstanceChange::lost));
  BOOST_TEST(aws.changes.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(machines_of_another_log_are_neither_seen_nor_ended, FakeWorld) {
  AwsWorld other(peer.url, "log2");
  (void)other.launch(AwsWorld::order(1));
  BOOST_TEST(aws.list().empty());
  BOOST_TEST(aws.terminate(AwsWorld::order(1)).index() == 0U);
  BOOST_TEST(aws.count("running") == 1U);
}

BOOST_FIXTURE_TEST_CASE(the_firewall_lets_the_balancer_in_and_goes_with_the_last_machine,
                        FakeWorld) {
  const auto order = AwsWorld::order(1);
  (void)aws.launch(order);
  const JsonValue held = aws.fake();
  const auto groups = JsonView(held).at("groups").elements();
  BOOST_REQUIRE(groups->size() == 1U);
  const auto rules = groups->at(0).at("rules").elements();
  BOOST_REQUIRE(rules->size() == 1U);
  BOOST_TEST(rules->at(0).at("IpPermissions.1.IpRanges.1.CidrIp").text_or("") == "203.0.113.7/32");
  BOOST_TEST(rules->at(0).at("IpPermissions.1.FromPort").text_or("") == "8888");
  (void)aws.terminate(order);
  const bool is_gone = run_until(
      aws.reactor,
      [&] {
        const JsonValue left = aws.fake();
        return JsonView(left).at("groups").size() == 0;
      },
      AwsWorld::limit);
  BOOST_TEST(is_gone);
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_is_an_hour_off_is_corrected_by_the_servers, FakeWorld) {
  (void)aws.fake(R"({"clock_offset": 3600, "keys": {"AKFAKE": "secret"}})");
  BOOST_TEST(aws.launch_kind(AwsWorld::order(1)) == "ok");
  BOOST_TEST(core::whole_seconds(aws.client->clock_skew()) >= 3590);
}

BOOST_FIXTURE_TEST_CASE(a_wrong_secret_is_auth_and_asked_twice_at_most, FakeWorld) {
  (void)aws.fake(R"({"keys": {"AKFAKE": "another"}})");
  const auto outcome = aws.launch(AwsWorld::order(1));
  BOOST_TEST(to_text(std::get<core::Failure>(outcome).kind) == "auth");
  (void)aws.fake(R"({"keys": {"AKOTHER": "secret"}})");
  BOOST_TEST(aws.launch_kind(AwsWorld::order(2)) == "auth");
}

BOOST_FIXTURE_TEST_CASE(machines_are_listed_over_many_pages_of_two_regions, FakeWorld) {
  (void)aws.fake(R"({"page_size": 3})");
  std::size_t done = 0;
  for (std::uint32_t i = 1; i <= 16; ++i)
    aws.cloud->launch(
        AwsWorld::order(i, i % 2 == 0 ? "us-east-1a" : "us-east-2b"), {},
        [&](const LaunchOutcome& outcome) { done += outcome.index() == 0 ? 1U : 0U; });
  BOOST_REQUIRE(run_until(
      aws.reactor, [&] { return done == 16; }, std::chrono::seconds(60)));
  BOOST_TEST(aws.list().size() == 16U);
}

BOOST_FIXTURE_TEST_CASE(one_region_that_cannot_be_asked_leaves_the_list_unproved, FakeWorld) {
  (void)aws.fake(R"({"fail": {"action": "DescribeInstances", "code": "UnauthorizedOperation",
                              "status": 403}})");
  std::optional<bool> is_list;
  aws.cloud->list([&](const auto& answer) { is_list = answer.index() == 0; });
  BOOST_REQUIRE(run_until(aws.reactor, [&] { return is_list.has_value(); }));
  BOOST_TEST(!*is_list);
}

BOOST_FIXTURE_TEST_CASE(secrets_without_an_address_to_call_back_are_refused, FakeWorld) {
  std::optional<LaunchOutcome> outcome;
  aws.cloud->launch(AwsWorld::order(1), {{"KEY", "hunter2"}},
                    [&](LaunchOutcome answer) { outcome = std::move(answer); });
  BOOST_REQUIRE(run_until(aws.reactor, [&] { return outcome.has_value(); }));
  const auto& failure = std::get<core::Failure>(*outcome);
  BOOST_TEST(to_text(failure.kind) == "invalid");
  BOOST_TEST(failure.text.find("machines: {advertise: URL}") != std::string::npos);
  BOOST_TEST(failure.text.find("hunter2") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::aws
