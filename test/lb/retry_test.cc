// Replicas that refuse or die: another one is tried when that is safe; and who is chosen.
#include <iostream>
#include <random>

#include "test/lb/test_balancer.h"

namespace sky::lb {

namespace {

// Up to twenty requests on one connection; now and then the client is gone before the answer.
void ask_and_vanish(Peer peer, std::minstd_rand& random, std::atomic<int>& good,
                    std::atomic<int>& bad) {
  for (int i = 0; i < 20; ++i) {
    peer.write(get("/"));
    if (random() % 50 == 0) {
      peer.reset();
      return;
    }
    ++(peer.read_message().starts_with("HTTP/1.1 200 ") ? good : bad);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(retry)

BOOST_AUTO_TEST_CASE(concurrent_requests_spread_exactly) {
  // given three idle replicas
  Origin origins[3];
  TestBalancer lb;
  for (std::uint32_t i = 0; i < 3; ++i) lb.add_replica(i + 1, origins[i].port());
  // when nine requests run at once
  std::vector<Peer> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(lb.client());
    clients.back().write(get("/"));
    BOOST_REQUIRE(lb.reaches([&](const auto& now) { return now.in_flight == unsigned(i + 1); }));
  }
  // then each replica has three
  std::vector<std::vector<Peer>> running(3);
  for (std::size_t i = 0; i < 3; ++i) {
    for (int n = 0; n < 3; ++n) running[i].push_back(origins[i].accept());
    BOOST_TEST(!origins[i].has_connection(0ms));
  }
  // and the one that gets free gets the next
  running[1][0].read_head();
  running[1][0].write(ok("x"));
  BOOST_REQUIRE(lb.reaches([](const auto& now) { return now.in_flight == 8; }));
  Peer next = lb.client();
  next.write(get("/next"));
  BOOST_TEST(running[1][0].read_head().starts_with("GET /next"));
}

BOOST_AUTO_TEST_CASE(replica_that_refuses_is_ejected_and_the_request_goes_elsewhere) {
  Origin good;
  Origin bad;
  const std::uint16_t bad_port = bad.port();
  bad.close();
  BalancerOptions options;
  options.limits.reconnect_interval = core::milliseconds(200);
  TestBalancer lb(options);
  lb.add_replica(1, bad_port);
  lb.add_replica(2, good.port());
  Peer client = lb.client();
  std::optional<Peer> replica;
  for (int i = 0; i < 6; ++i) {
    client.write(post("/", "not idempotent, never sent"));
    if (!replica) replica.emplace(good.accept());
    replica->read_message();
    replica->write(ok("x"));
    BOOST_TEST(client.read_message().starts_with("HTTP/1.1 200 "));
  }
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::ejected));
  // It is tried again at intervals, and taken back when it accepts.
  Origin back(bad_port);
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::readmitted));
  Peer probe = back.accept();  // the connection it was tried with is used
  Peer other = lb.client();
  other.write(get("/1"));
  Peer third = lb.client();
  third.write(get("/2"));
  probe.read_head();
  probe.write(ok("x"));
  replica->read_head();
  replica->write(ok("x"));
  other.read_message();
  third.read_message();
}

BOOST_AUTO_TEST_CASE(lost_request_is_repeated_only_when_that_is_safe) {
  Origin first;
  Origin second;
  TestBalancer lb;
  lb.add_replica(1, first.port());
  lb.add_replica(2, second.port());
  const auto lose_one = [&](const std::string& request, std::string_view partial) {
    Peer client = lb.client();
    client.write(request);
    Origin& chosen = first.has_connection(200ms) ? first : second;
    Origin& other = &chosen == &first ? second : first;
    {
      Peer replica = chosen.accept();
      while (replica.is_silent_for(50ms)) replica = chosen.accept();  // a probe of earlier
      replica.read_message();
      replica.write(partial);
      if (!partial.empty()) std::this_thread::sleep_for(20ms);
    }  // closed
    if (client.is_silent_for(100ms)) {  // it goes on somewhere else
      Peer replica = other.accept();
      while (replica.is_silent_for(50ms)) replica = other.accept();
      replica.read_message();
      replica.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nsecond try");
    }
    return client.read_message();
  };
  BOOST_TEST(lose_one(get("/"), "").ends_with("second try"));
  BOOST_TEST(lose_one(post("/", "x"), "").starts_with("HTTP/1.1 502 "));
  BOOST_TEST(lose_one(get("/"), "HTTP/1.1 20").starts_with("HTTP/1.1 502 "));
  lb.service.balancer.retry_non_idempotent = true;
  lb.publish();
  BOOST_TEST(lose_one(post("/", "again"), "").ends_with("second try"));
}

BOOST_AUTO_TEST_CASE(stale_pooled_connection_costs_no_request) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  for (int i = 0; i < 20; ++i) {
    client.write(post("/", "x"));
    Peer replica = origin.accept();
    while (replica.is_silent_for(100ms)) replica = origin.accept();  // a probe
    replica.read_message();
    replica.write(ok("x"));
    BOOST_TEST(client.read_message().starts_with("HTTP/1.1 200 "), i);
    replica.close();  // the server's keep-alive is over
  }
}

BOOST_AUTO_TEST_CASE(stream_of_a_dying_replica_has_no_clean_end) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(get("/"));
  Peer replica = origin.accept();
  replica.read_head();
  replica.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.read_until("\r\n\r\n3\r\nabc\r\n");
  replica.reset();
  BOOST_TEST(client.read_to_end() == "");

  Peer old = lb.client();  // without chunks the only end is the close: so it must be a reset
  old.write("GET / HTTP/1.0\r\n\r\n");
  Peer second = origin.accept();
  while (second.is_silent_for(100ms)) second = origin.accept();
  second.read_head();
  second.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  old.read_until("\r\n\r\nabc");
  second.close();
  BOOST_TEST(old.read_to_end() == "");
  BOOST_TEST(old.end() == "reset");
}

BOOST_AUTO_TEST_CASE(counters_end_at_zero_after_chaos_and_no_get_is_lost) {
  // given three replicas and clients that ask all the time, some of which vanish
  std::vector<std::unique_ptr<AutoOrigin>> replicas;
  TestBalancer lb;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    replicas.push_back(std::make_unique<AutoOrigin>("r"));
    lb.add_replica(id, replicas.back()->port());
  }
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> clients;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    clients.emplace_back([&, seed] {
      std::minstd_rand random(seed);
      try {
        while (!stop) ask_and_vanish(lb.client(), random, good, bad);
      } catch (const std::exception& problem) {
        ++bad;
        std::cerr << problem.what() << '\n';
      }
    });
  }
  // when replicas are killed and come back at the same port, again and again
  std::minstd_rand random(42);
  for (int round = 0; round < 8; ++round) {
    const std::size_t victim = random() % replicas.size();
    const std::uint16_t port = replicas[victim]->port();
    replicas[victim]->kill();
    std::this_thread::sleep_for(60ms);
    replicas[victim] = std::make_unique<AutoOrigin>("r", port);
    std::this_thread::sleep_for(60ms);
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  // then
  BOOST_TEST(good > 100);
  BOOST_TEST(bad == 0);
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
