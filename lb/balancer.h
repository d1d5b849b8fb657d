// The endpoint as a whole: every service of the routing table gets its port and its replicas.
//
// Driven by a table and the events that change it; tells what it saw through `report`. It knows
// neither files nor the daemon (main_loop.h does). One loop runs on the caller's reactor, the
// others on threads of their own: each gets every table, as one value that nobody changes; what
// they count is added up here. Loop thread of that reactor.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/event.h"
#include "core/routing.h"
#include "lb/loop_count.h"
#include "lb/loop_threads.h"

namespace sky::lb {

struct BalancerOptions {
  std::string bind_host = "127.0.0.1";  // where endpoints listen: a numeric address
  std::filesystem::path access_log;  // empty: none
  std::uint32_t loops = 1;  // 1 to max_loops
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
  bool is_quiet();  // after stop(): nothing runs any more

  std::string metrics();  // Prometheus' text format

  // For tests: all zero when nothing runs.
  struct Counters {
    std::size_t client_connections = 0;
    std::size_t upstream_connections = 0;
    std::size_t replay_bytes = 0;
    std::uint32_t in_flight = 0;
    std::uint32_t held = 0;
    bool operator==(const Counters&) const = default;
  };
  Counters counters();
  const Endpoint* find(const core::ServiceName& service);  // of the first loop

 private:
  struct Round;  // of asking every loop what the last second brought

  void publish();
  void on_second();
  void finish(const Round& round);
  Report report_of_loops();
  Figures figures();

  adapters::Reactor& reactor_;
  const BalancerOptions options_;
  const Report report_;
  SharedByLoops shared_;
  core::RoutingSnapshot table_;
  std::map<core::ServiceName, std::shared_ptr<SharedService>> services_;
  std::map<core::ServiceName, bool> was_zero_;  // the last sample of a service
  std::shared_ptr<Balancer*> self_ = std::make_shared<Balancer*>(this);  // for what is posted
  LoopThreads loops_;
  adapters::Timer second_;
  core::Duration sampled_at_{0};
};

}  // namespace sky::lb
