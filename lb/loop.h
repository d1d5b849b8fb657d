// The balancer's part on one event loop: every service of the table has its port and its replicas
// here, with connections of this loop only.
//
// Loop thread. It is given whole tables, tells what it saw through `report`, and answers for its
// part of what is counted. Balancer makes one of several.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "core/routing.h"
#include "lb/endpoint.h"
#include "lb/figures.h"

namespace sky::lb {

// Made once and never changed: all loops look at the same one.
struct LoopTable {
  core::RoutingSnapshot routing;
  std::map<core::ServiceName, std::shared_ptr<SharedService>> shared;  // of each of its services
};

class Loop {
 public:
  // `reactor` and `shared` outlive the loop.
  Loop(adapters::Reactor& reactor, std::string bind_host, const Limits& limits,
       SharedByLoops& shared, std::size_t index, Report report);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void apply(std::shared_ptr<const LoopTable> table);
  void report_again();
  void stop();  // closes the ports; what runs may finish
  bool is_quiet() const;  // after stop(): nothing runs any more

  using Parts = std::map<core::ServiceName, MeterPart>;
  Parts on_second();  // of what happened since the last one
  Figures figures() const;
  const Endpoint* find(const core::ServiceName& service) const;

 private:
  const std::string bind_host_;
  Report report_;
  Worker worker_;
  std::shared_ptr<const LoopTable> table_;
  std::map<core::ServiceName, std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Endpoint>> leaving_;  // removed services whose requests still run
};

}  // namespace sky::lb
