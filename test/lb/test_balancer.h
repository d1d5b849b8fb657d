// A balancer on its own loop thread, with one service; the test plays clients and replicas.
#pragma once

#include <signal.h>

#include <functional>
#include <future>
#include <optional>

#include "lb/balancer.h"
#include "test/lb/origin.h"

namespace sky::lb {

// A balancer on its own thread, with one service "svc".
class TestBalancer {
 public:
  explicit TestBalancer(BalancerOptions options = {}) : port(free_port()) {
    ::signal(SIGPIPE, SIG_IGN);  // as the process does
    service.name = "svc";
    service.port = port;
    service.balancer.hold_timeout = core::seconds(30);
    std::promise<void> ready;
    thread_ = std::thread([this, options, &ready] {
      adapters::Reactor reactor;
      {
        Balancer made(reactor, options, [this](core::InputBody body) {
          const std::lock_guard lock(mutex_);
          reports_.push_back(std::move(body));
        });
        reactor_ = &reactor;
        balancer_ = &made;
        ready.set_value();
        reactor.run();
      }
    });
    ready.get_future().wait();
    publish();
  }
  ~TestBalancer() {
    reactor_->post([this] { reactor_->stop(); });
    thread_.join();
  }

  template <class Use>
  auto on_loop(Use use) {
    using Value = decltype(use(*balancer_));
    std::promise<Value> done;
    reactor_->post([&] {
      if constexpr (std::is_void_v<Value>) {
        use(*balancer_);
        done.set_value();
      } else {
        done.set_value(use(*balancer_));
      }
    });
    return done.get_future().get();
  }

  // Makes `service` the whole table.
  void publish() {
    core::RoutingSnapshot table;
    table.services[service.name] = service;
    on_loop([&](Balancer& balancer) { balancer.apply(table); });
  }
  core::Route& route(std::uint32_t id) { return service.routes[core::ReplicaId{id}]; }
  void add_replica(std::uint32_t id, std::uint16_t replica_port) {
    core::Route& made = route(id);
    made.replica = {id};
    made.host = "127.0.0.1";
    made.port = replica_port;
    made.state = core::RouteState::ready;
    publish();
  }

  Peer client() const { return Peer::to(port); }
  Balancer::Counters counters() {
    return on_loop([](Balancer& balancer) { return balancer.counters(); });
  }
  // Waits until `condition` of the counters holds.
  bool reaches(const std::function<bool(const Balancer::Counters&)>& condition) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
      if (condition(counters())) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }
  bool becomes_idle() {
    return reaches([](const Balancer::Counters& now) {
      return now.in_flight == 0 && now.held == 0 && now.client_connections == 0 &&
             now.replay_bytes == 0;
    });
  }
  // The first report of this type that `wanted` accepts; waits for it.
  template <class Body>
  std::optional<Body> report(const std::function<bool(const Body&)>& wanted) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
      {
        const std::lock_guard lock(mutex_);
        for (const core::InputBody& body : reports_) {
          const Body* found = std::get_if<Body>(&body);
          if (found != nullptr && wanted(*found)) return *found;
        }
      }
      std::this_thread::sleep_for(1ms);
    }
    return std::nullopt;
  }
  bool reports_change(std::uint32_t replica, core::EndpointChange change) {
    return report<core::ReplicaReported>([=](const core::ReplicaReported& reported) {
             return reported.replica.value == replica && reported.change == change;
           })
        .has_value();
  }
  std::vector<core::InputBody> reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

  const std::uint16_t port;
  core::RoutedService service;

 private:
  std::thread thread_;
  adapters::Reactor* reactor_ = nullptr;
  Balancer* balancer_ = nullptr;
  std::mutex mutex_;
  std::vector<core::InputBody> reports_;
};

}  // namespace sky::lb
