// The control plane, put together: log, gate, decisions, effects, probes, care for the log, and the
// followers. Everything that decides and remembers; nothing that knows a process, a file or a port.
//
// The daemon runs it on the real loop, the simulator on one with a clock of its own. Loop thread.
// Destroyed at any moment, it calls nobody any more: what was not durable has not happened.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/effect_runner.h"
#include "adapters/follow_server.h"
#include "adapters/http_sender.h"
#include "adapters/prober.h"
#include "cli/controller.h"
#include "cli/history.h"
#include "cli/log_tender.h"
#include "cli/retention.h"
#include "core/scheduler.h"
#include "events/commit_queue.h"
#include "events/log.h"

namespace sky::cli {

// What it needs of the world around it. All references outlive it.
struct ControlPlaneEdges {
  core::Scheduler& scheduler;
  events::Log& log;
  adapters::HttpSender& probe_sender;
  RetentionPolicy retention;
  std::function<core::Stamp()> now;
  adapters::EffectRunner::SecretsOf secrets;
  std::function<void(const core::ServiceName&)> forget_service;  // it is gone: so are its secrets
  std::function<void(bool)> set_balancer_needed;
  std::function<void()> balancer_connected;
  std::function<void()> balancer_gone;  // look for it, or start another
  std::function<void(const std::string&)> say;  // one line for people
  std::function<void(const core::Error&)> on_failure;  // a commit failed: the process must end
};

class ControlPlane {
 public:
  // `folded` is the state of everything in the log.
  ControlPlane(ControlPlaneEdges edges, FoldedLog folded);
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // Before start(). The cloud outlives the control plane.
  void add_cloud(adapters::Cloud& cloud, bool is_sandbox) { runner_.add_cloud(cloud, is_sandbox); }

  // Records the start and makes open calls again. `started` is called when that is durable: nobody
  // may be let in before.
  void start(std::function<void()> started);
  // Records the stop; from now on the end of the balancer's connection is none of our business.
  void stop(const std::string& reason, std::function<void()> stopped);

  // What the clouds tell by themselves.
  void take(core::InstanceChanged change) { controller_.submit(std::move(change)); }

  Controller& controller() { return controller_; }
  LogTender& tender() { return tender_; }
  adapters::FollowServer& followers() { return followers_; }
  std::size_t backlog() const { return queue_.backlog(); }  // events not durable yet

 private:
  ControllerEdges controller_edges();
  Retention::Edges retention_edges();

  const ControlPlaneEdges edges_;
  bool is_stopping_ = false;
  adapters::Prober prober_;
  adapters::EffectRunner runner_;
  events::CommitQueue queue_;
  Controller controller_;
  LogTender tender_;
  const std::vector<core::SnapshotRejected> rejected_snapshots_;
  adapters::FollowServer followers_;
  Retention retention_;
};

}  // namespace sky::cli
