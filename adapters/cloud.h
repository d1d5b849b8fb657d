// One interface to every provider: launch, terminate, list, watch, preempt (sandbox only).
//
// All calls are made and answered on the loop thread. Every `done` is called exactly once, later,
// never from inside the call; each outcome is one kind of core/failure.h. Nothing here decides.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "core/effect.h"
#include "core/input.h"

namespace sky::adapters {

using LaunchDone = std::function<void(std::variant<core::ProvisionSucceeded, core::Failure>)>;
using TerminateDone = std::function<void(std::variant<std::monostate, core::Failure>)>;
using ListDone =
    std::function<void(std::variant<std::vector<core::ListedInstance>, core::Failure>)>;
using OnChange = std::function<void(core::InstanceChanged)>;

// NAME=VALUE pairs that only the machine may see.
using Secrets = std::vector<std::pair<std::string, std::string>>;

class Cloud {
 public:
  virtual ~Cloud() = default;

  virtual std::string name() const = 0;  // "aws", as in core::Place::cloud

  // Succeeds when the machine runs (its server need not answer yet). The same token never makes a
  // second machine: a repeated call answers what the first one would have.
  virtual void launch(const core::LaunchInstance& order, const Secrets& secrets,
                      LaunchDone done) = 0;
  virtual void terminate(const core::TerminateInstance& order, TerminateDone done) = 0;
  virtual void terminate_orphan(const core::TerminateOrphan& order, TerminateDone done) = 0;
  // Everything tagged with our log id.
  virtual void list(ListDone done) = 0;
  // Reclaims the machine with the cloud's usual notice. Only the sandbox can.
  virtual void preempt(const core::PreemptInstance& order) = 0;
};

}  // namespace sky::adapters
