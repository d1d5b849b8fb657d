// One life of the endpoint process: follows the daemon's log, folds the table, chooses, counts,
// drains, ejects, and reports.
//
// The follow client, the table's fold, the picker, the in-flight counters, the meter and the report
// queue are the production ones; the connections that lb/replica.h holds are left out: here a
// request is a moment of arrival and a moment of its end.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/follow_client.h"
#include "core/routing.h"
#include "lb/in_flight.h"
#include "lb/meter.h"
#include "lb/pick.h"
#include "lb/report_queue.h"
#include "test/sim/clouds.h"
#include "test/sim/process.h"
#include "test/sim/witness.h"

namespace sky::sim {

struct BalancerEdges {
  adapters::Dial dial;
  Clouds& clouds;
  Witness& witness;
  std::optional<core::RoutingSnapshot>& cache;  // the last table, on disk
  std::function<core::WallTime()> wall;
  std::int64_t pid = 0;
  MutationSet mutations;
  std::uint32_t busy_port_per_mille = 0;  // of ports belong to another program
};

class BalancerProcess {
 public:
  BalancerProcess(Process& process, BalancerEdges edges);
  ~BalancerProcess();
  BalancerProcess(const BalancerProcess&) = delete;
  BalancerProcess& operator=(const BalancerProcess&) = delete;

  void start();
  // A client's request, which a machine would work on for `work`.
  void take_request(const core::ServiceName& service, core::Duration work);

  const core::RoutingSnapshot& table() const { return table_; }
  bool is_connected() const { return follow_.is_connected(); }
  std::uint32_t running() const;  // requests at replicas, and held

 private:
  struct Service;
  struct Slot;
  struct Request;

  adapters::FollowCallbacks callbacks();
  void apply_event(const core::Event& event);
  void sync_all();
  void sync(const core::ServiceName& name);
  void update(Service& service, Slot& slot, const core::Route& route);
  void remove(Service& service, core::ReplicaId id);
  void report_drained(Slot& slot);
  void open_port(const core::RoutedService& routed);
  void place(Service& service, std::shared_ptr<Request> request);
  bool try_once(Service& service, const std::shared_ptr<Request>& request);
  void finish(std::shared_ptr<Request> request, lb::Cause cause);  // its list may hold the last one
  void release_held(Service& service);
  void on_second();
  void report_again();

  Process& process_;
  BalancerEdges edges_;
  core::RoutingSnapshot table_;
  std::map<core::ServiceName, std::unique_ptr<Service>> services_;
  lb::ReportQueue queue_;
  adapters::FollowClient follow_;
  std::unique_ptr<core::Alarm> second_;
  std::unique_ptr<core::Alarm> store_;
};

}  // namespace sky::sim
