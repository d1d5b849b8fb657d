// Which replica gets a request when there is more to it than load: caps, affinity, failures.
#include <map>
#include <set>

#include "test/lb/test_balancer.h"

namespace sky::lb {
namespace {

// One request on a connection of its own; the number of the replica that answered.
int replica_of(const TestBalancer& lb, const std::string& request) {
  Peer client = lb.client();
  client.write(request);
  const std::string answer = client.read_message();
  const std::size_t at = answer.find("X-Skyctl-Replica: ");
  if (at == std::string::npos) throw std::runtime_error("no replica answered: " + answer);
  return std::stoi(answer.substr(at + 18));
}

std::string with_header(std::string_view header) {
  return "GET / HTTP/1.1\r\nHost: svc\r\n" + std::string(header) + "\r\n\r\n";
}

// A replica that answers every request with what it is told, until the test ends.
class Answering {
 public:
  Answering(TestBalancer& lb, std::uint32_t id, std::string answer)
      : answer_(std::move(answer)), thread_([this] { serve(); }) {
    lb.add_replica(id, origin_.port());
  }
  ~Answering() {
    done_ = true;
    shutdown(origin_.fd(), SHUT_RDWR);
    thread_.join();
  }
  std::atomic<int> asked{0};

 private:
  void serve() {
    while (!done_) {
      const int fd = accept4(origin_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      Peer peer(fd);
      if (peer.is_silent_for(200ms)) continue;  // a probe
      try {
        peer.read_head();
      } catch (const std::exception&) {
        continue;
      }
      ++asked;
      peer.write(answer_);
    }
  }

  Origin origin_;
  const std::string answer_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(choosing)

BOOST_AUTO_TEST_CASE(more_than_the_cap_wait_in_order_until_one_ends) {
  // given two replicas that take one request at a time
  Origin origins[2];
  TestBalancer lb;
  lb.service.balancer.max_concurrency_per_replica = 1;
  lb.add_replica(1, origins[0].port());
  lb.add_replica(2, origins[1].port());
  std::vector<Peer> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(lb.client());
    clients.back().write(get("/" + std::to_string(i)));
    BOOST_REQUIRE(lb.reaches([&](const auto& now) { return now.in_flight + now.held == i + 1U; }));
  }
  // then two run and two wait, and the control plane knows at once
  BOOST_TEST(lb.counters().in_flight == 2U);
  BOOST_TEST(lb.counters().held == 2U);
  BOOST_TEST(lb.report<core::HoldReported>([](const auto& held) {
                 return held.waiting >= 1 && contains(held.reason, "max_concurrency_per_replica");
               }).has_value());
  // when one ends, the first of those that wait gets its place
  Peer first = origins[0].accept();
  Peer second = origins[1].accept();
  first.read_head();
  second.read_head();
  first.write(ok("a"));
  BOOST_TEST(first.read_head().starts_with("GET /2 "));
  BOOST_TEST(second.is_silent_for(20ms));
  second.write(ok("b"));
  BOOST_TEST(second.read_head().starts_with("GET /3 "));
  first.write(ok("c"));
  second.write(ok("d"));
  for (Peer& client : clients) BOOST_TEST(client.read_message().starts_with("HTTP/1.1 200 "));
  clients.clear();
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(nobody_overtakes_those_who_wait) {
  Origin origin;
  TestBalancer lb;
  lb.service.balancer.max_concurrency_per_replica = 1;
  lb.add_replica(1, origin.port());
  Peer running = lb.client();
  running.write(get("/running"));
  Peer replica = origin.accept();
  replica.read_head();
  std::vector<Peer> waiting;
  for (unsigned i = 0; i < 3; ++i) {
    waiting.push_back(lb.client());
    waiting.back().write(get("/" + std::to_string(i)));
    BOOST_REQUIRE(lb.reaches([&](const auto& now) { return now.held == i + 1; }));
  }
  replica.write(ok("x"));
  running.read_message();
  running.write(get("/again"));  // comes while they wait
  for (const char* path : {"/0 ", "/1 ", "/2 ", "/again "}) {
    BOOST_TEST(contains(replica.read_head(), path), path);
    replica.write(ok("x"));
  }
}

BOOST_AUTO_TEST_CASE(new_replica_gets_its_full_share_only_after_its_slow_start) {
  Origin origins[2];
  TestBalancer lb;
  lb.service.balancer.slow_start = core::seconds(2);
  lb.add_replica(1, origins[0].port());
  std::this_thread::sleep_for(2100ms);  // it is an old one then
  lb.add_replica(2, origins[1].port());
  std::vector<Peer> clients;
  const auto ask = [&](std::size_t count) {  // none of these is ever answered
    while (count-- > 0) {
      clients.push_back(lb.client());
      clients.back().write(get("/"));
      BOOST_REQUIRE(lb.reaches([&](const auto& now) { return now.in_flight == clients.size(); }));
    }
  };
  const auto load = [&](int replica) {
    const std::string metrics = lb.on_loop([](Balancer& balancer) { return balancer.metrics(); });
    const std::string name = "skyctl_lb_requests_in_flight{service=\"svc\",replica=\"" +
                             std::to_string(replica) + "\"} ";
    return std::stoi(metrics.substr(metrics.find(name) + name.size()));
  };
  ask(20);
  BOOST_TEST(load(2) > 0);
  BOOST_TEST(load(2) <= load(1) / 2);
  std::this_thread::sleep_for(2100ms);
  ask(20);
  BOOST_TEST(load(1) == 20);
  BOOST_TEST(load(2) == 20);
}

BOOST_AUTO_TEST_CASE(same_session_comes_back_to_its_replica) {
  std::vector<std::unique_ptr<AutoOrigin>> replicas;
  TestBalancer lb;
  lb.service.balancer.affinity = core::Affinity::header;
  lb.service.balancer.affinity_name = "X-Session";
  for (std::uint32_t id = 1; id <= 4; ++id) {
    replicas.push_back(std::make_unique<AutoOrigin>("r"));
    lb.add_replica(id, replicas.back()->port());
  }
  std::map<std::string, int> home;
  std::vector<int> sessions_of(5, 0);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::string session = "x-session: s" + std::to_string(i);
      const int replica = replica_of(lb, with_header(session));
      if (round == 0) ++sessions_of[static_cast<std::size_t>(replica)];
      const auto [known, is_new] = home.emplace(session, replica);
      BOOST_TEST(known->second == replica, session);
    }
  }
  for (std::size_t id = 1; id <= 4; ++id) BOOST_TEST(sessions_of[id] > 0, id);
  // One that leaves moves only its own sessions.
  lb.service.routes.erase(core::ReplicaId{4});
  lb.publish();
  for (const auto& [session, replica] : home) {
    if (replica != 4) BOOST_TEST(replica_of(lb, with_header(session)) == replica);
  }
  // A cookie does as well as a header, and the answer says why it was that replica.
  lb.service.balancer.affinity = core::Affinity::cookie;
  lb.service.balancer.affinity_name = "sid";
  lb.publish();
  const std::string cookie = with_header("Cookie: a=1; sid=abc; b=2");
  const int replica = replica_of(lb, cookie);
  for (int i = 0; i < 5; ++i) BOOST_TEST(replica_of(lb, cookie) == replica);
  Peer client = lb.client();
  client.write(cookie);
  BOOST_TEST(contains(client.read_message(), "; pick=session\r\n"));
}

BOOST_AUTO_TEST_CASE(conversation_that_goes_on_comes_back_to_its_replica) {
  std::vector<std::unique_ptr<AutoOrigin>> replicas;
  TestBalancer lb;
  lb.service.balancer.affinity = core::Affinity::prefix;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    replicas.push_back(std::make_unique<AutoOrigin>("r"));
    lb.add_replica(id, replicas.back()->port());
  }
  std::vector<std::string> talks;
  std::vector<int> first;
  for (int i = 0; i < 6; ++i) {
    talks.push_back("{\"messages\": [" + std::string(600, static_cast<char>('a' + i)));
    first.push_back(replica_of(lb, post("/v1", talks.back())));
  }
  BOOST_TEST(std::set<int>(first.begin(), first.end()).size() > 1U);
  for (int turn = 0; turn < 4; ++turn) {
    for (std::size_t i = 0; i < talks.size(); ++i) {
      talks[i] += std::string(300, static_cast<char>('0' + turn));
      BOOST_TEST(replica_of(lb, post("/v1", talks[i])) == first[i], i << " turn " << turn);
    }
  }
}

BOOST_AUTO_TEST_CASE(replica_that_keeps_failing_is_passed_over_and_tried_again) {
  BalancerOptions options;
  options.limits.failing_time = core::milliseconds(300);
  TestBalancer lb(options);
  lb.service.balancer.eject_after_failures = 3;
  Answering bad(lb, 1, "HTTP/1.1 500 Broken\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  AutoOrigin good("x");
  lb.add_replica(2, good.port());
  for (int i = 0; i < 12; ++i) replica_of(lb, get("/"));
  BOOST_TEST(bad.asked == 3);
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::ejected));
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::readmitted));
  for (int i = 0; i < 4; ++i) replica_of(lb, get("/"));
  BOOST_TEST(bad.asked > 3);
}

BOOST_AUTO_TEST_CASE(last_replica_is_never_passed_over_for_its_failures) {
  TestBalancer lb;
  lb.service.balancer.eject_after_failures = 2;
  Answering bad(lb, 1, "HTTP/1.1 500 Broken\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  for (int i = 0; i < 6; ++i) BOOST_TEST(replica_of(lb, get("/")) == 1);
  // Two that fail: one of them stays; and when the other goes, the one passed over comes back.
  Answering worse(lb, 2, "HTTP/1.1 502 Bad\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  for (int i = 0; i < 12; ++i) BOOST_TEST(replica_of(lb, get("/")) > 0);
  lb.service.routes.erase(core::ReplicaId{2});
  lb.publish();
  BOOST_TEST(replica_of(lb, get("/")) == 1);
}

BOOST_AUTO_TEST_CASE(replica_without_time_is_left_for_another) {
  TestBalancer lb;
  Answering busy(lb, 1,
                 "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: close\r\n"
                 "Content-Length: 0\r\n\r\n");
  AutoOrigin free("x");
  lb.add_replica(2, free.port());
  for (int i = 0; i < 4; ++i) BOOST_TEST(replica_of(lb, get("/")) == 2);
  BOOST_TEST(busy.asked > 0);
  // When nobody else is there its answer is passed on.
  lb.service.routes.erase(core::ReplicaId{2});
  lb.publish();
  Peer client = lb.client();
  client.write(get("/"));
  BOOST_TEST(contains(client.read_message(), "Retry-After: 1\r\n"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
