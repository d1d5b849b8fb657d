// Replicas that are not there, not yet there, going away, or dying: hold, retry, ejection, drain.
#include <sys/resource.h>

#include <atomic>
#include <random>

#include "test/lb/wire.h"

namespace sky::lb {
namespace {

std::size_t count_of(const std::vector<core::InputBody>& reports,
                     const std::function<bool(const core::InputBody&)>& wanted) {
  return static_cast<std::size_t>(std::count_if(reports.begin(), reports.end(), wanted));
}

// A replica that answers every request on its own threads, until it is killed.
class AutoOrigin {
 public:
  explicit AutoOrigin(std::string body, std::uint16_t wanted_port = 0)
      : origin_(wanted_port), body_(std::move(body)), acceptor_([this] { accept_all(); }) {}
  ~AutoOrigin() { kill(); }

  std::uint16_t port() const { return origin_.port(); }

  // As SIGKILL does: every socket is gone at once.
  void kill() {
    if (dead_.exchange(true)) return;
    shutdown(origin_.fd(), SHUT_RDWR);
    acceptor_.join();
    origin_.close();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : fds_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  std::atomic<int> served{0};

 private:
  void accept_all() {
    while (!dead_) {
      const int fd = accept4(origin_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      fds_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::string read;
    char buffer[4096];
    while (!dead_) {
      const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
      if (size <= 0) break;
      read.append(buffer, static_cast<std::size_t>(size));
      for (std::size_t at = read.find("\r\n\r\n"); at != std::string::npos;
           at = read.find("\r\n\r\n")) {
        read.erase(0, at + 4);
        const std::string answer = ok(body_);
        if (dead_ || send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
        ++served;
      }
    }
    const std::lock_guard lock(mutex_);
    fds_.erase(std::find(fds_.begin(), fds_.end(), fd));
    ::close(fd);
  }

  Origin origin_;
  const std::string body_;
  std::atomic<bool> dead_{false};
  std::mutex mutex_;
  std::vector<int> fds_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(resilience)

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
  lb.service.balancer.hold_limit = 1;
  lb.service.next_ready = lb.on_loop([](Balancer&) {
    return core::WallTime(std::chrono::duration_cast<core::Duration>(
               std::chrono::system_clock::now().time_since_epoch())) +
           core::seconds(41);
  });
  lb.publish();
  Peer client = lb.client();
  client.write(get("/"));
  BOOST_REQUIRE(lb.reaches([](const auto& now) { return now.held == 1; }));
  Peer surplus = lb.client();  // over the limit: at once
  surplus.write(get("/"));
  BOOST_TEST(surplus.read_message().starts_with("HTTP/1.1 503 "));
  const std::string answer = client.read_message();
  BOOST_TEST(answer.starts_with("HTTP/1.1 503 "));
  const bool estimate =
      contains(answer, "Retry-After: 41\r\n") || contains(answer, "Retry-After: 42\r\n");
  BOOST_TEST(estimate, answer);
  BOOST_TEST(lb.report<core::HoldReported>([](const auto& held) {
                 return held.shed == 1 && held.reason == "waited for hold_timeout";
               }).has_value());
  BOOST_TEST(lb.report<core::HoldReported>([](const auto& held) {
                 return held.shed == 1 && held.reason == "more than hold_limit waited";
               }).has_value());
  client.write(get("/"));  // the connection lives on, and waits again
  BOOST_TEST(client.read_message().starts_with("HTTP/1.1 503 "));
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

BOOST_AUTO_TEST_CASE(replica_that_refuses_is_ejected_and_the_request_goes_elsewhere) {
  Origin good;
  Origin bad;
  const std::uint16_t bad_port = bad.port();
  bad.close();
  TestBalancer lb;
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
  // It is tried again every second, and taken back when it accepts.
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

BOOST_AUTO_TEST_CASE(requests_wait_when_every_replica_is_ejected) {
  Origin gone;
  const std::uint16_t port = gone.port();
  gone.close();
  TestBalancer lb;
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

BOOST_AUTO_TEST_CASE(draining_replica_finishes_its_stream_and_gets_nothing_new) {
  Origin leaving;
  Origin staying;
  TestBalancer lb;
  lb.add_replica(1, leaving.port());
  Peer stream = lb.client();
  stream.write(get("/stream"));
  Peer old = leaving.accept();
  old.read_head();
  old.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  stream.read_until("a\r\n");
  lb.route(1).state = core::RouteState::draining;
  lb.add_replica(2, staying.port());

  for (int i = 0; i < 4; ++i) {
    Peer client = lb.client();
    client.write(get("/new"));
    Peer replica = staying.accept();
    replica.read_head();
    replica.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    client.read_head();
  }
  BOOST_TEST(!leaving.has_connection(0ms));
  const auto is_drained = [](const core::InputBody& body) {
    const auto* report = std::get_if<core::ReplicaReported>(&body);
    return report != nullptr && report->change == core::EndpointChange::drained;
  };
  BOOST_TEST(count_of(lb.reports(), is_drained) == 0U);
  old.write("1\r\nb\r\n0\r\n\r\n");
  BOOST_TEST(stream.read_until("0\r\n\r\n") == "1\r\nb\r\n0\r\n\r\n");
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::drained));
  BOOST_TEST(count_of(lb.reports(), is_drained) == 1U);
  old.read_to_end();  // not pooled
}

BOOST_AUTO_TEST_CASE(idle_replica_is_drained_at_once) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  lb.route(1).state = core::RouteState::draining;
  lb.publish();
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::drained));
}

BOOST_AUTO_TEST_CASE(drain_deadline_cuts_streams_without_a_clean_end) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer events = lb.client();
  events.write(get("/events"));
  Peer first = origin.accept();
  first.read_head();
  first.write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: "
      "chunked\r\n\r\n9\r\ndata: x\n\n\r\n");
  events.read_until("data: x\n\n");
  Peer sized = lb.client();
  sized.write(get("/sized"));
  Peer second = origin.accept();
  second.read_head();
  second.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  sized.read_until("abc");

  lb.route(1).state = core::RouteState::draining;
  lb.route(1).drain_deadline =
      core::WallTime(std::chrono::duration_cast<core::Duration>(
                         std::chrono::system_clock::now().time_since_epoch()) +
                     core::milliseconds(200));
  lb.publish();

  const std::string rest = events.read_to_end();
  BOOST_TEST(contains(rest, "event: error\ndata: {"));
  BOOST_TEST(!contains(rest, "0\r\n\r\n"));
  BOOST_TEST(!contains(rest, "[DONE]"));
  BOOST_TEST(sized.read_to_end() == "");
  first.read_to_end();
  BOOST_TEST(lb.reports_change(1, core::EndpointChange::drained));
  events.close();
  sized.close();
  BOOST_TEST(lb.becomes_idle());
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
  client.read_until("abc\r\n");
  replica.reset();
  BOOST_TEST(client.read_to_end() == "");

  Peer old = lb.client();  // without chunks the only end is the close: so it must be a reset
  old.write("GET / HTTP/1.0\r\n\r\n");
  Peer second = origin.accept();
  while (second.is_silent_for(100ms)) second = origin.accept();
  second.read_head();
  second.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  old.read_until("abc");
  second.close();
  BOOST_TEST(old.read_to_end() == "");
  BOOST_TEST(old.end() == "reset");
}

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
  client.read_until("ab");
  BOOST_TEST(client.read_to_end() == "");
}

BOOST_AUTO_TEST_CASE(slow_clients_are_cut_by_total_time) {
  BalancerOptions options;
  options.limits.head_timeout = core::milliseconds(300);
  options.limits.body_idle_timeout = core::milliseconds(300);
  options.limits.keep_alive_timeout = core::milliseconds(300);
  Origin origin;
  TestBalancer lb(options);
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

BOOST_AUTO_TEST_CASE(removed_service_finishes_what_runs) {
  Origin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write(get("/"));
  Peer idle = lb.client();
  Peer replica = origin.accept();
  replica.read_head();
  lb.on_loop([](Balancer& balancer) { balancer.apply(core::RoutingSnapshot{}); });
  BOOST_TEST(idle.read_to_end() == "");
  replica.write(ok("last"));
  const std::string answer = client.read_to_end();
  BOOST_TEST(contains(answer, "Connection: close"));
  BOOST_TEST(answer.ends_with("last"));
  client.close();
  BOOST_TEST(lb.becomes_idle());
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
  const std::string metrics =
      lb.on_loop([](Balancer& balancer) { return balancer.metrics_text(); });
  BOOST_TEST(contains(metrics, "skyctl_lb_requests_total{service=\"svc\"} 10\n"));
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
      while (!stop) {
        Peer peer = lb.client();
        for (int i = 0; i < 20 && !stop; ++i) {
          peer.write(get("/"));
          if (random() % 50 == 0) {
            peer.reset();
            break;
          }
          ++(peer.read_message().starts_with("HTTP/1.1 200 ") ? good : bad);
        }
      }
    });
  }
  // when replicas are killed and come back at the same port, again and again
  std::minstd_rand random(42);
  for (int round = 0; round < 12; ++round) {
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
