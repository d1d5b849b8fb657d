// One interface to every provider: launch, terminate, list, watch, preempt (sandbox only); and what
// real ones have besides: offers, findings, output.
//
// All calls are made and answered on the loop thread. Every `done` is called exactly once, later,
// never from inside the call; each outcome is one kind of core/failure.h. Nothing here decides.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
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

// Something a person should know before a service depends on a cloud. Holds no secret.
struct Finding {
  enum class Grade : std::uint8_t { good, advice, missing };
  Grade grade = Grade::good;
  std::string text;  // one sentence: what was asked, and the answer
  std::string way_out;  // lines to read or paste: a command, a policy to grant; empty when good
};

// Which machine's output, and from where on.
struct OutputWanted {
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;
  std::string token;  // of its launch
  core::Offer offer;
  std::uint32_t tail_lines = 0;  // only the last so many; zero: all that is kept
  std::string cursor;  // of the answer before: only what came after it
};
struct Output {
  std::string text;
  std::string cursor;  // to go on from here
};

using OffersDone = std::function<void(std::variant<std::vector<core::Offer>, core::Failure>)>;
using CheckDone = std::function<void(std::vector<Finding>)>;
using OutputDone = std::function<void(std::variant<Output, core::Failure>)>;

// A cloud that is really there. Made at the daemon's start when the home has credentials for it
// (cli/real_clouds.h); credentials that change or expire later are its own business.
class RealCloud : public Cloud {
 public:
  // What it sells to this account now, at today's prices; asked at each `up` and `update`, so what
  // is slow to learn is kept and refreshed behind it.
  virtual void offers(OffersDone done) = 0;
  // Credentials and permissions, asked of the cloud itself; changes nothing there.
  virtual void check(CheckDone done) = 0;
  // `unsupported` where the cloud keeps none.
  virtual void output(const OutputWanted& wanted, OutputDone done) = 0;

  void preempt(const core::PreemptInstance&) final {}
};

}  // namespace sky::adapters
