// Slow and many clients, silent replicas, taken ports; and what is reported every second.
#include "test/lb/test_balancer.h"

namespace sky::lb {

BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(silent_replica_is_given_up_after_stream_timeout) {
  Origin origin;
  TestBalancer lb;
  lb.service.balancer.stream_timeout = core::milliseconds(200);
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(get("/"));
  Peer replica = origin.accept();
  BOOST_TEST(client.read_message().starts_with("HTTP/1.1 504 "));
  replica.read_to_end();
  client.write(get("/stream"));
  Peer second = origin.accept();
  second.read_head();
  second.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  client.read_until("\r\n\r\nab");
  BOOST_TEST(client.read_to_end() == "");
}

BOOST_AUTO_TEST_CASE(slow_clients_are_cut_by_total_time) {
  Origin origin;
  TestBalancer lb;
  lb.service.balancer.limits.head_timeout = core::milliseconds(300);
  lb.service.balancer.limits.body_timeout = core::milliseconds(300);
  lb.service.balancer.limits.keep_alive_timeout = core::milliseconds(300);
  lb.add_replica(1, origin.port());
  Peer drip = lb.client();
  drip.write("GET / HTTP/1.1\r\n");
  std::thread dripping([&] {
    for (int i = 0; i < 12; ++i) {
      std::this_thread::sleep_for(50ms);
      drip.write("X: y\r\n");
    }
  });
  BOOST_TEST(drip.read_message().starts_with("HTTP/1.1 408 "));
  dripping.join();
  Peer body = lb.client();
  body.write("POST / HTTP/1.1\r\nHost: svc\r\nContent-Length: 5\r\n\r\nab");
  Peer replica = origin.accept();
  BOOST_TEST(body.read_message().starts_with("HTTP/1.1 408 "));
  replica.read_to_end();
  Peer idle = lb.client();
  BOOST_TEST(idle.read_to_end() == "");
  for (Peer* peer : {&drip, &body, &idle}) peer->close();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(connections_over_the_limit_wait_their_turn) {
  BalancerOptions options;
  options.limits.max_connections = 2;
  AutoOrigin origin("x");
  TestBalancer lb(options);
  lb.add_replica(1, origin.port());
  Peer first = lb.client();
  Peer second = lb.client();
  for (Peer* peer : {&first, &second}) {
    peer->write(get("/"));
    peer->read_message();
  }
  Peer third = lb.client();
  third.write(get("/"));
  BOOST_TEST(third.is_silent_for(100ms));
  first.close();
  BOOST_TEST(third.read_message().starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_CASE(port_of_somebody_else_is_reported_and_taken_when_free) {
  TestBalancer lb;
  BOOST_TEST(lb.report<core::EndpointReported>([&](const auto& opened) {
                 return opened.port == lb.port && opened.text.empty() && !opened.in_use;
               }).has_value());
  Origin holder;
  lb.service.port = holder.port();
  lb.publish();
  BOOST_TEST(lb.report<core::EndpointReported>([&](const auto& failed) {
                 return failed.port == holder.port() && failed.in_use && !failed.text.empty();
               }).has_value());
  holder.close();
  BOOST_TEST(lb.report<core::EndpointReported>([&](const auto& opened) {
                 return opened.port == holder.port() && opened.text.empty();
               }).has_value());
  Peer::to(holder.port());
}

BOOST_AUTO_TEST_CASE(traffic_is_reported_every_second_and_once_after_it_stopped) {
  AutoOrigin origin("x");
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  for (int i = 0; i < 10; ++i) {
    client.write(get("/"));
    client.read_message();
  }
  const auto zero = lb.report<core::TrafficReported>([](const auto& report) {
    return report.sample.arrivals == 0 && report.sample.in_flight == 0;
  });
  BOOST_TEST(zero.has_value());
  std::uint32_t arrivals = 0;
  std::uint32_t completions = 0;
  for (const core::InputBody& body : lb.reports()) {
    const auto* report = std::get_if<core::TrafficReported>(&body);
    if (report == nullptr) continue;
    arrivals += report->sample.arrivals;
    completions += report->sample.completions;
    if (report->sample.completions > 0) BOOST_TEST(report->sample.latency_p50.count() > 0);
  }
  BOOST_TEST(arrivals == 10U);
  BOOST_TEST(completions == 10U);
  const std::string metrics = lb.on_loop([](Balancer& balancer) { return balancer.metrics(); });
  BOOST_TEST(contains(metrics, "skyctl_lb_requests_total{service=\"svc\"} 10\n"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
