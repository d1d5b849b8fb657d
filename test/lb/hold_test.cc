// Requests that wait while nothing is ready.
#include "test/lb/test_balancer.h"

namespace sky::lb {

BOOST_AUTO_TEST_SUITE(hold)

BOOST_AUTO_TEST_CASE(held_request_goes_out_when_a_replica_becomes_ready) {
  Origin origin;
  TestBalancer lb;
  Peer client = lb.client();
  client.write(post("/early", "body"));
  BOOST_TEST(lb.report<core::HoldReported>([](const auto& held) {
                 return held.waiting == 1;
               }).has_value());
  BOOST_TEST(client.is_silent_for(20ms));
  lb.add_replica(1, origin.port());
  Peer replica = origin.accept();
  BOOST_TEST(replica.read_message().ends_with("body"));
  replica.write(ok("late"));
  BOOST_TEST(client.read_message().ends_with("late"));
  BOOST_TEST(lb.counters().held == 0U);
}

BOOST_AUTO_TEST_CASE(held_requests_are_released_in_order) {
  Origin origin;
  TestBalancer lb;
  std::vector<Peer> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(lb.client());
    clients.back().write(get("/" + std::to_string(i)));
    BOOST_REQUIRE(lb.reaches([&](const auto& now) { return now.held == unsigned(i + 1); }));
  }
  lb.add_replica(1, origin.port());
  for (int i = 0; i < 5; ++i) {
    Peer replica = origin.accept();
    BOOST_TEST(replica.read_head().starts_with("GET /" + std::to_string(i)));
    replica.write(ok("x"));
    clients[static_cast<std::size_t>(i)].read_message();
    replica.close();
  }
}

BOOST_AUTO_TEST_CASE(hold_ends_with_503_and_an_estimate) {
  TestBalancer lb;
  lb.service.balancer.hold_timeout = core::milliseconds(150);
  lb.service.next_ready = core::WallTime(std::chrono::duration_cast<core::Duration>(
                              std::chrono::system_clock::now().time_since_epoch())) +
                          core::seconds(500);
  lb.publish();
  Peer client = lb.client();
  client.write(get("/"));
  const std::string answer = client.read_message();
  BOOST_TEST(answer.starts_with("HTTP/1.1 503 "));
  const std::size_t at = answer.find("Retry-After: ");
  BOOST_REQUIRE(at != std::string::npos);
  const int estimate = std::stoi(answer.substr(at + 13));
  BOOST_TEST(estimate > 400);  // 500 less what this test took
  BOOST_TEST(estimate <= 501);
  BOOST_TEST(lb.report<core::HoldReported>([](const auto& held) {
                 return held.shed == 1 && held.reason == "waited for hold_timeout";
               }).has_value());
  client.write(get("/"));  // the connection lives on, and waits again
  BOOST_TEST(client.read_message().starts_with("HTTP/1.1 503 "));
}

BOOST_AUTO_TEST_CASE(more_than_hold_limit_do_not_wait) {
  TestBalancer lb;
  lb.service.balancer.hold_limit = 1;
  lb.publish();
  Peer client = lb.client();
  client.write(get("/"));
  BOOST_REQUIRE(lb.reaches([](const auto& now) { return now.held == 1; }));
  Peer surplus = lb.client();
  surplus.write(get("/"));
  BOOST_TEST(contains(surplus.read_message(), "Retry-After: 10\r\n"));
  BOOST_TEST(lb.report<core::HoldReported>([](const auto& held) {
                 return held.shed == 1 && held.reason == "more than hold_limit waited";
               }).has_value());
  BOOST_TEST(lb.counters().held == 1U);
}

BOOST_AUTO_TEST_CASE(held_client_that_leaves_gives_its_place_free) {
  TestBalancer lb;
  lb.service.balancer.hold_limit = 1;
  lb.publish();
  {
    Peer client = lb.client();
    client.write(get("/"));
    BOOST_REQUIRE(lb.reaches([](const auto& now) { return now.held == 1; }));
  }
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(requests_wait_when_every_replica_is_ejected) {
  Origin gone;
  const std::uint16_t port = gone.port();
  gone.close();
  BalancerOptions options;
  options.limits.reconnect_interval = core::milliseconds(200);
  TestBalancer lb(options);
  lb.add_replica(1, port);
  Peer client = lb.client();
  client.write(post("/", "x"));
  BOOST_REQUIRE(lb.reaches([](const auto& now) { return now.held == 1; }));
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::ejected));
  Origin back(port);
  Peer replica = back.accept();
  replica.read_message();
  replica.write(ok("saved"));
  BOOST_TEST(client.read_message().ends_with("saved"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
