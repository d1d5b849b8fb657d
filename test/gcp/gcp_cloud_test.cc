// The GCP cloud against our scripted Compute Engine (gce_fake.py).

#include <boost/test/unit_test.hpp>
#include <optional>

#include "adapters/clock.h"
#include "adapters/gcp/gcp_provider.h"
#include "test/adapters/loop.h"
#include "test/vm/cloud_world.h"
#include "test/vm/peer.h"

namespace sky::adapters::gcp {
namespace {

using vm::LaunchOutcome;

struct GcpWorld : vm::CloudWorld {
  explicit GcpWorld(const std::string& log_id = "log1", std::string peer_url = "")
      : CloudWorld(std::move(peer_url)) {
    if (url.empty()) url = peer.emplace(words()).url;
    Login login;
    login.kind = LoginKind::authorized_user;
    login.client_id = "c";
    login.refresh_token = "good";
    login.token_url = url + "/token";
    tokens.emplace(reactor, http, wall_now, login);
    client.emplace(GceClient::Edges{reactor, http, *tokens, now, [this] { return chance(); },
                                    url + "/compute/v1/projects/proj/"});
    GcpSettings settings;
    settings.project = "proj";
    settings.log_id = log_id;
    settings.sources = {"203.0.113.7/32"};
    settings.endpoints = {{"cloudresourcemanager", url}};
    make_cloud(std::make_unique<GcpProvider>(reactor, *client, settings), log_id);
  }
  ~GcpWorld() { cloud.reset(); }  // before the client that it borrows

  static std::vector<std::string> words() {
    return {"/usr/bin/python3", SKY_GCP_TESTS "/gce_fake.py"};
  }

  static core::LaunchInstance order(std::uint32_t replica, const std::string& zone = "us-east4-a") {
    core::LaunchInstance order = CloudWorld::order(replica);
    order.token = std::to_string(1000 + replica) + "56789abcdef0123456789abcdef0";
    order.offer.place = {"gcp", "us-east4", zone};
    order.offer.instance_type = "n1-standard-4";
    order.offer.accelerator = {"T4", 1};
    return order;
  }

  std::size_t machines() {
    const JsonValue held = fake();
    return JsonView(held).at("instances").size();
  }

  std::optional<Peer> peer;
  std::optional<AccessTokens> tokens;
  std::optional<GceClient> client;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gcp_cloud)

BOOST_FIXTURE_TEST_CASE(a_machine_is_launched_listed_and_ended, GcpWorld) {
  (void)fake(R"({"operation_seconds": 0.5})");  // `wait` returns before it is done
  const auto outcome = launch(order(1));
  BOOST_REQUIRE(outcome.index() == 0);
  BOOST_TEST(std::get<0>(outcome).instance_id == "sky-web-1-1-10015678");
  BOOST_TEST(std::get<0>(outcome).port == 8888);
  BOOST_TEST(list().size() == 1U);
  BOOST_TEST(terminate(order(1)).index() == 0U);
  BOOST_TEST(list().size() == 0U);
  BOOST_TEST(changes.empty());
}

BOOST_FIXTURE_TEST_CASE(the_same_order_twice_is_one_machine_after_a_restart_too, GcpWorld) {
  BOOST_TEST(launch_kind(order(1)) == "ok");
  GcpWorld restarted("log1", url);
  BOOST_TEST(restarted.launch_kind(order(1)) == "ok");
  BOOST_TEST(machines() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_name_that_belongs_to_another_launch_is_a_conflict, GcpWorld) {
  BOOST_TEST(launch_kind(order(1)) == "ok");
  auto other = order(1);
  other.token = other.token.substr(0, 8) + std::string(24, '7');  // the same name
  BOOST_TEST(launch_kind(other) == "conflict");
  BOOST_TEST(machines() == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_operation_that_fails_later_is_judged_like_a_refusal, GcpWorld) {
  (void)fake(R"({"capacity": {"zone": "us-east4-a", "count": 0}})");
  BOOST_TEST(launch_kind(order(1)) == "capacity");
  (void)fake(R"({"fail_operation": {"code": "QUOTA_EXCEEDED", "status": 403,
                 "message": "Quota 'PREEMPTIBLE_NVIDIA_T4_GPUS' exceeded in region us-east4."}})");
  BOOST_TEST(launch_kind(order(2, "us-east4-b")) == "quota");
  (void)fake(R"({"refuse": {"method": "POST", "path": "/instances", "status": 403,
                 "reason": "quotaExceeded"}})");
  BOOST_TEST(launch_kind(order(3, "us-east4-b")) == "quota");
  BOOST_TEST(launch_kind(order(4, "us-east4-b")) == "ok");
}

BOOST_FIXTURE_TEST_CASE(a_burst_of_throttling_delays_and_does_not_fail, GcpWorld) {
  (void)fake(R"({"refuse": {"method": "POST", "path": "/instances", "status": 403,
                 "reason": "rateLimitExceeded", "times": 3}})");
  BOOST_TEST(launch_kind(order(1)) == "ok");
}

BOOST_FIXTURE_TEST_CASE(a_dropped_answer_is_indeterminate_and_asking_again_finds_the_machine,
                        GcpWorld) {
  (void)fake(R"({"drop": {"method": "POST", "path": "/instances"}})");
  BOOST_TEST(launch_kind(order(1)) == "indeterminate");
  BOOST_TEST(machines() == 1U);
  BOOST_TEST(launch_kind(order(1)) == "ok");
  BOOST_TEST(machines() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_machine_that_is_taken_is_noticed_and_then_preempted, GcpWorld) {
  BOOST_TEST(launch_kind(order(1)) == "ok");
  (void)fake(R"({"notice": "sky-web-1-1-10015678", "seconds": 1})");
  BOOST_REQUIRE(wait_for(core::InstanceChange::noticed));
  BOOST_REQUIRE(wait_for(core::InstanceChange::preempted));
  BOOST_TEST(changes.size() == 2U);
  BOOST_TEST(changes[1].text.find("preempted") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_machine_that_somebody_deleted_is_lost_and_not_preempted, GcpWorld) {
  BOOST_TEST(launch_kind(order(1)) == "ok");
  BOOST_TEST(list().size() == 1U);
  GcpWorld stranger("log1", url);
  (void)stranger.terminate(order(1));
  BOOST_REQUIRE(wait_for(core::InstanceChange::lost));
  BOOST_TEST(changes.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(machines_of_another_log_are_neither_seen_nor_ended, GcpWorld) {
  GcpWorld other("log2", url);
  BOOST_TEST(other.launch_kind(order(1)) == "ok");
  BOOST_TEST(list().size() == 0U);
  BOOST_TEST(terminate(order(1)).index() == 0U);
  BOOST_TEST(machines() == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_expired_token_is_fetched_anew_once, GcpWorld) {
  BOOST_TEST(launch_kind(order(1)) == "ok");
  (void)fake(R"({"expire_tokens": true})");
  BOOST_TEST(launch_kind(order(2)) == "ok");
  const JsonValue held = fake();
  BOOST_TEST(JsonView(held).at("token_calls").integer_or(0) == 2);
}

BOOST_FIXTURE_TEST_CASE(machines_are_listed_over_many_pages, GcpWorld) {
  (void)fake(R"({"page_size": 2})");
  std::size_t done = 0;
  for (std::uint32_t i = 1; i <= 7; ++i)
    cloud->launch(order(i, i % 2 == 0 ? "us-east4-a" : "us-east4-b"), {},
                  [&](const LaunchOutcome& outcome) { done += outcome.index() == 0 ? 1U : 0U; });
  BOOST_REQUIRE(run_until(
      reactor, [&] { return done == 7; }, limit));
  BOOST_TEST(list().size() == 7U);
}

BOOST_FIXTURE_TEST_CASE(the_firewall_goes_with_the_last_machine, GcpWorld) {
  BOOST_TEST(launch_kind(order(1)) == "ok");
  BOOST_TEST(terminate(order(1)).index() == 0U);
  const bool is_gone = run_until(
      reactor,
      [&] {
        const JsonValue held = fake();
        return JsonView(held).at("firewalls").size() == 0;
      },
      limit);
  BOOST_TEST(is_gone);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::gcp
