// The clouds of a scenario: machines that come, are refused, are taken back and go, as its capacity
// and timings say. Nothing fails by itself: no throttling, no lost answers, no broken machines.
//
// Called by the simulation for each effect; everything it has to say comes through `Sink`, later,
// by the agenda. When capacity falls, the newest machines of that kind are taken first.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/effect.h"
#include "core/input.h"
#include "projections/simulation/agenda.h"
#include "projections/simulation/scenario.h"

namespace sky::projections {

class SimulatedCloud {
 public:
  using Sink = std::function<void(core::InputBody)>;

  // All are borrowed. `now` is the simulation's clock.
  SimulatedCloud(const Scenario& scenario, Agenda& agenda, const core::Instant& now, Sink sink);

  // The machines that the state at the beginning says there are.
  void adopt(const Model& model);
  void carry_out(const core::Effect& effect);
  // Whether the server on that replica's machine answers probes now.
  bool answers(const core::ServiceName& service, core::ReplicaId replica) const;

 private:
  struct Machine {
    core::LaunchInstance order;  // the spec is left out
    std::uint64_t number = 0;  // in the order of the launches
    core::Instant ready_at;
    bool is_up = false;  // the launch was answered
    bool is_going = false;  // noticed
  };

  void launch(const core::LaunchInstance& order);
  void answer_launch(const std::string& token);
  void terminate(const core::TerminateInstance& order);
  void sweep();
  void preempt(const std::string& token, core::Duration notice);
  void watch(const core::BlockKey& kind);
  void take_back(const core::BlockKey& kind);
  std::uint32_t held(const core::BlockKey& kind) const;
  core::Failure refusal(const core::BlockKey& kind) const;
  void say(const Machine& machine, core::InstanceChange change, core::Duration left,
           std::string text);

  const Scenario& scenario_;
  Agenda& agenda_;
  const core::Instant& now_;
  Sink sink_;
  std::map<std::string, Machine> machines_;  // by token
  std::uint64_t launched_ = 0;
};

}  // namespace sky::projections
