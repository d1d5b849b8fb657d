// The endpoint as a whole: every service of the routing table gets its port and its replicas.
//
// Driven by a table and the events that change it; tells what it saw through `report`. It knows
// neither files nor the daemon (main_loop.h does). Loop thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/event.h"
#include "core/routing.h"
#include "lb/endpoint.h"

namespace sky::lb {

struct BalancerOptions {
  std::string bind_host = "127.0.0.1";  // where endpoints listen: a numeric address
  std::filesystem::path access_log;  // empty: none
  Limits limits;
};

class Balancer {
 public:
  // `reactor` outlives the balancer.
  Balancer(adapters::Reactor& reactor, BalancerOptions options, Report report);
  ~Balancer();
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  void apply(const core::RoutingSnapshot& table);
  bool apply(const core::Event& event);  // whether the table changed

  const core::RoutingSnapshot& table() const { return table_; }

  // The control plane is back: tells it again what may have been lost on the way.
  void report_again();

  void stop();  // closes the ports; what runs may finish
  bool is_quiet() const;  // after stop(): nothing runs any more

  std::string metrics_text() const;  // Prometheus' text format

  // For tests and metrics: all zero when nothing runs.
  struct Counters {
    std::size_t client_connections = 0;
    std::size_t upstream_connections = 0;
    std::size_t replay_bytes = 0;
    std::uint32_t in_flight = 0;
    std::uint32_t held = 0;
    bool operator==(const Counters&) const = default;
  };
  Counters counters() const;
  const Endpoint* find(const core::ServiceName& service) const;

 private:
  void sync(const core::ServiceName& service);
  void on_second();

  BalancerOptions options_;
  Report report_;
  Worker worker_;
  core::RoutingSnapshot table_;
  std::map<core::ServiceName, std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Endpoint>> leaving_;  // removed services whose requests still run
  adapters::Timer second_;
  core::Duration sampled_at_{0};
};

}  // namespace sky::lb
