// A machine as SandboxCloud holds it. Part of sandbox_cloud*.cc, nobody else includes it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sandbox/machine.h"
#include "adapters/sandbox/sandbox_cloud.h"

namespace sky::adapters::sandbox {

struct SandboxCloud::Held {
  std::unique_ptr<Machine> machine;
  std::vector<LaunchDone> launches;
  Secrets secrets;  // of the launch that waits
  std::vector<TerminateDone> terminations;
  bool is_ending = false;
  bool has_reported_start = false;
  bool has_reported_notice = false;
  bool has_reported_end = false;

  const MachineOrder& order() const { return machine->order(); }
};

// A machine whose directory and process are being made on the worker.
struct SandboxCloud::Starting {
  MachineOrder order;
  Secrets secrets;
  std::vector<LaunchDone> launches;
  std::vector<TerminateDone> terminations;
};

inline core::Failure failure(core::FailureKind kind, core::FailureScope scope, std::string text) {
  return {kind, scope, std::move(text), core::Duration{0}};
}

// A duration at the speed of a service or of the market; zero percent is taken for 100.
inline core::Duration scaled(core::Duration duration, std::uint32_t speed_percent) {
  return duration * 100 / (speed_percent == 0 ? 100 : speed_percent);
}

}  // namespace sky::adapters::sandbox
