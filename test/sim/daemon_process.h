// One life of the daemon: opens the log, folds it, and runs the production control plane
// (cli/control_plane.h) on a process that may die at any word it says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/clock.h"
#include "cli/control_plane.h"
#include "test/sim/cloud_adapter.h"
#include "test/sim/disk.h"
#include "test/sim/probe_network.h"
#include "test/sim/process.h"
#include "test/sim/witness.h"

namespace sky::sim {

// Of all services and versions, as the secret store keeps them on disk.
using SecretFiles = std::map<core::ServiceName, adapters::Secrets>;

struct DaemonEdges {
  Disk& disk;
  Clouds& clouds;
  Witness& witness;
  SecretFiles& secrets;
  MutationSet mutations;
  cli::RetentionPolicy retention;
  std::function<adapters::ClockReading()> read_clocks;
  std::function<void(bool)> set_balancer_needed;
  std::function<void()> balancer_gone;
};

class DaemonProcess {
 public:
  DaemonProcess(Process& process, DaemonEdges edges);

  // As a task of the process. Says to the witness what it found.
  void start();
  bool is_open() const { return is_open_; }  // users and balancers are let in
  cli::ControlPlane& control() { return *control_; }
  void hear(const std::string& cloud, const core::InstanceChanged& news);
  // The model against the witness's, when everything of it is durable.
  void compare();

 private:
  cli::ControlPlaneEdges control_edges();

  Process& process_;
  DaemonEdges edges_;
  std::unique_ptr<events::Log> log_;
  std::unique_ptr<adapters::Clock> clock_;
  ProbeNetwork probes_;
  std::vector<std::unique_ptr<CloudAdapter>> clouds_;
  std::unique_ptr<cli::ControlPlane> control_;
  bool is_open_ = false;
};

}  // namespace sky::sim
