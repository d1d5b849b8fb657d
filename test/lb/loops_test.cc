// Several loops on one port: what has to be exact for all of them together.
#include <array>

#include "test/lb/test_balancer.h"

namespace sky::lb {
namespace {

constexpr std::uint32_t loop_count = 4;
constexpr std::size_t client_count = 48;  // all on one loop by chance: once in 10^28

BalancerOptions several_loops() {
  BalancerOptions options;
  options.loops = loop_count;
  return options;
}

// Clients that came when every loop listened.
std::vector<Peer> clients_of(TestBalancer& lb, std::size_t count = client_count) {
  BOOST_REQUIRE(lb.report<core::EndpointReported>([&](const auto& opened) {
                    return opened.port == lb.port && opened.text.empty();
                  }).has_value());
  std::vector<Peer> clients;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(lb.client());
  return clients;
}

std::string path_of(std::size_t i) { return "/" + std::to_string(i); }

}  // namespace

BOOST_AUTO_TEST_SUITE(loops)

BOOST_AUTO_TEST_CASE(connections_are_dealt_out_and_everything_is_counted_once) {
  AutoOrigin origin("x");
  TestBalancer lb(several_loops());
  lb.add_replica(1, origin.port());
  std::vector<Peer> clients = clients_of(lb);
  for (Peer& client : clients) {  // one at a time: one loop would need one connection
    client.write(get("/"));
    BOOST_TEST(client.read_message().ends_with("x"));
  }
  const Balancer::Counters counters = lb.counters();
  BOOST_TEST(counters.client_connections == client_count);
  BOOST_TEST(counters.upstream_connections > 1U);
  BOOST_TEST(counters.upstream_connections <= loop_count);
  const std::string metrics = lb.on_loop([](Balancer& balancer) { return balancer.metrics(); });
  const std::string count = "{service=\"svc\"} " + std::to_string(client_count) + "\n";
  BOOST_TEST(contains(metrics, "skyctl_lb_requests_total" + count));
  BOOST_TEST(contains(metrics, "skyctl_lb_request_ttft_seconds_count" + count));
  const auto zero = lb.report<core::TrafficReported>(
      [](const auto& report) { return report.sample.arrivals == 0; });
  BOOST_TEST(zero.has_value());
  std::uint32_t arrivals = 0;
  for (const core::InputBody& body : lb.reports()) {
    const auto* report = std::get_if<core::TrafficReported>(&body);
    if (report != nullptr) arrivals += report->sample.arrivals;
  }
  BOOST_TEST(arrivals == client_count);
  clients.clear();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(least_load_is_exact_over_all_loops) {
  std::array<Origin, 3> origins;
  TestBalancer lb(several_loops());
  for (std::uint32_t id = 1; id <= origins.size(); ++id) {
    lb.add_replica(id, origins[id - 1].port());
  }
  std::vector<Peer> clients = clients_of(lb, 30);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].write(get("/"));
    BOOST_REQUIRE(lb.reaches([&](const auto& now) { return now.in_flight == i + 1; }));
  }
  std::vector<Peer> running;
  for (Origin& origin : origins) {
    for (int i = 0; i < 10; ++i) running.push_back(origin.accept());
    BOOST_TEST(!origin.has_connection(0ms));
  }
}

BOOST_AUTO_TEST_CASE(cap_of_a_replica_is_never_passed_and_nobody_is_forgotten) {
  AutoOrigin origin("x", 0, 2ms);
  TestBalancer lb(several_loops());
  lb.service.balancer.max_concurrency_per_replica = 3;
  lb.add_replica(1, origin.port());
  std::vector<Peer> clients = clients_of(lb);
  for (int round = 0; round < 4; ++round) {
    for (Peer& client : clients) client.write(get("/"));
    for (Peer& client : clients) BOOST_TEST(client.read_message().ends_with("x"));
  }
  BOOST_TEST(origin.most_at_once == 3);
  BOOST_TEST(origin.paths().size() == 4 * client_count);
  clients.clear();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(those_who_wait_go_in_order_whichever_loop_they_are_on) {
  AutoOrigin origin("x");
  TestBalancer lb(several_loops());
  lb.service.balancer.max_concurrency_per_replica = 1;
  lb.publish();
  std::vector<Peer> clients = clients_of(lb, 24);
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].write(get(path_of(i)));
    expected.push_back(path_of(i));
    BOOST_REQUIRE(lb.reaches([&](const auto& now) { return now.held == i + 1; }));
  }
  lb.add_replica(1, origin.port());
  for (Peer& client : clients) client.read_message();
  BOOST_TEST(origin.paths() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(hold_limit_is_of_all_loops_together) {
  TestBalancer lb(several_loops());
  lb.service.balancer.hold_limit = 5;
  lb.publish();
  std::vector<Peer> clients = clients_of(lb, 20);
  for (Peer& client : clients) client.write(get("/"));
  std::size_t refused = 0;
  BOOST_REQUIRE(lb.reaches([](const auto& now) { return now.held == 5; }));
  for (Peer& client : clients) {
    if (client.is_silent_for(50ms)) continue;
    BOOST_TEST(client.read_message().starts_with("HTTP/1.1 503 "));
    ++refused;
  }
  BOOST_TEST(refused == 15U);
}

BOOST_AUTO_TEST_CASE(replica_is_drained_once_when_no_loop_has_anything_on_it) {
  Origin origin;
  TestBalancer lb(several_loops());
  lb.add_replica(1, origin.port());
  std::vector<Peer> clients = clients_of(lb, 12);
  for (Peer& client : clients) client.write(get("/"));
  std::vector<Peer> running;
  while (running.size() < clients.size()) running.push_back(origin.accept());
  lb.route(1).state = core::RouteState::draining;
  lb.publish();
  const auto drained = [&] {
    const std::vector<core::InputBody> reports = lb.reports();
    return std::count_if(reports.begin(), reports.end(), [](const core::InputBody& body) {
      const auto* report = std::get_if<core::ReplicaReported>(&body);
      return report != nullptr && report->change == core::EndpointChange::drained;
    });
  };
  for (std::size_t i = 0; i < running.size(); ++i) {
    BOOST_TEST(drained() == 0, "with " << running.size() - i << " running");
    running[i].read_head();
    running[i].write(ok("x"));
  }
  for (Peer& client : clients) BOOST_TEST(client.read_message().ends_with("x"));
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::drained));
  BOOST_TEST(drained() == 1);
}

BOOST_AUTO_TEST_CASE(port_is_not_shared_with_another_endpoint_of_the_same_user) {
  TestBalancer second(several_loops());
  {
    AutoOrigin origin("mine");
    TestBalancer first(several_loops());
    first.add_replica(1, origin.port());
    second.service.port = first.port;
    second.publish();
    BOOST_TEST(second
                   .report<core::EndpointReported>([&](const auto& failed) {
                     return failed.port == first.port && failed.in_use;
                   })
                   .has_value());
    std::vector<Peer> clients = clients_of(first, 16);
    for (Peer& client : clients) {
      client.write(get("/"));
      BOOST_TEST(client.read_message().ends_with("mine"));
    }
  }
  BOOST_TEST(second
                 .report<core::EndpointReported>([&](const auto& opened) {
                   return opened.port == second.service.port && opened.text.empty();
                 })
                 .has_value());
}

BOOST_AUTO_TEST_CASE(replica_that_refuses_one_loop_is_left_alone_by_all_and_comes_back) {
  auto origin = std::make_unique<AutoOrigin>("x");
  const std::uint16_t port = origin->port();
  AutoOrigin other("y");
  TestBalancer lb(several_loops());
  lb.add_replica(1, port);
  lb.add_replica(2, other.port());
  std::vector<Peer> clients = clients_of(lb);
  const auto ask_all = [&] {
    for (Peer& client : clients) {
      client.write(get("/"));
      BOOST_TEST(client.read_message().starts_with("HTTP/1.1 200 "));
    }
  };
  ask_all();
  origin.reset();
  ask_all();
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::ejected));
  origin = std::make_unique<AutoOrigin>("x", port);
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::readmitted));
  ask_all();
  BOOST_TEST(origin->served > 0);
}

BOOST_AUTO_TEST_CASE(replicas_that_come_and_go_under_full_load_cost_no_request) {
  std::vector<std::unique_ptr<AutoOrigin>> origins;
  for (int i = 0; i < 4; ++i) origins.push_back(std::make_unique<AutoOrigin>("x"));
  TestBalancer lb(several_loops());
  lb.add_replica(1, origins[0]->port());
  std::atomic<bool> done{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  const auto ask = [&] {
    Peer client = lb.client();
    for (int i = 0; !done; ++i) {
      client.write(i % 2 == 0 ? get("/") : post("/", ""));  // a POST is not repeated
      (client.read_message().starts_with("HTTP/1.1 200 ") ? good : bad)++;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back(ask);
  // Replicas under ever new ids, at the same addresses; never none.
  std::uint32_t next = 2;
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (std::chrono::steady_clock::now() < until) {
    lb.add_replica(next, origins[next % origins.size()]->port());
    if (next >= 4) lb.service.routes.erase(core::ReplicaId{next - 3});
    lb.publish();
    ++next;
    std::this_thread::sleep_for(2ms);
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  BOOST_TEST_MESSAGE(good << " requests over " << next << " replicas");
  BOOST_TEST(bad == 0);
  BOOST_TEST(good > 500);
  BOOST_TEST(next > 50U);
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
