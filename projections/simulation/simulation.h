// A scenario, run: the deciding code of production (`step`) in a simulated world.
//
// One thread, no clock: time jumps to whatever comes next. Commits are instant, nothing is lost,
// and the control plane never stops; probes, samples and answers come as the scenario says. The
// same scenario gives the same events, on every machine. Cost: a step for each probe and sample.
#pragma once

#include <functional>
#include <optional>

#include "core/effect.h"
#include "projections/probe_targets.h"
#include "projections/simulation/agenda.h"
#include "projections/simulation/scenario.h"
#include "projections/simulation/simulated_cloud.h"
#include "projections/simulation/simulated_endpoint.h"
#include "projections/step.h"

namespace sky::projections {

class Simulation {
 public:
  using OnEvent = std::function<void(const core::Event&)>;  // in their order

  // The scenario outlives the simulation.
  Simulation(const Scenario& scenario, OnEvent on_event);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Runs up to `until`, never past the scenario's end. Call again to go on.
  void run(core::Instant until);
  void run() { run(scenario_.end); }

  const Model& model() const { return model_; }
  core::Stamp now() const;

 private:
  void send(core::InputBody body);
  void send_command(const ScenarioCommand& command);
  void follow_probes();
  void probe(const ProbeTarget& target);

  const Scenario& scenario_;
  OnEvent on_event_;
  core::Instant now_;
  Model model_;
  Agenda agenda_;
  SimulatedCloud cloud_;
  SimulatedEndpoint endpoint_;
  std::optional<core::Instant> wake_at_;
  std::map<core::ReplicaId, ProbeTarget> probed_;  // those with a probe in the agenda
};

}  // namespace sky::projections
