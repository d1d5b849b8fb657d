#include "projections/simulation/simulated_cloud.h"

#include <set>
#include <utility>

#include "core/token.h"
#include "projections/zone_history.h"

namespace sky::projections {
namespace {

const Capacity& capacity_of(const Scenario& scenario, const core::BlockKey& kind,
                            core::Instant now) {
  static const Capacity unlimited;
  const auto known = scenario.capacity.find(kind);
  return known == scenario.capacity.end() ? unlimited : known->second.at(now);
}

bool holds_machine(const Replica& replica) {
  return replica.provisioned && !core::is_terminal(replica.phase) && !replica.termination_open;
}

}  // namespace

SimulatedCloud::SimulatedCloud(const Scenario& scenario, Agenda& agenda, const core::Instant& now,
                               Sink sink)
    : scenario_(scenario), agenda_(agenda), now_(now), sink_(std::move(sink)) {
  for (const auto& [kind, timeline] : scenario.capacity) watch(kind);
}

void SimulatedCloud::adopt(const Model& model) {
  for (const auto& [name, service] : model.services)
    for (const auto& [id, replica] : service.replicas) {
      if (!holds_machine(replica)) continue;
      const std::string token = core::launch_token(model.log_id, replica.intent);
      Machine& machine = machines_[token];
      machine.order = {name, id, replica.attempt, replica.version, token, replica.offer, {}};
      machine.number = ++launched_;
      machine.is_up = true;
      const bool was_ready = replica.first_ready.has_value();
      machine.ready_at =
          was_ready
              ? now_
              : std::max(now_, *replica.provisioned + scenario_.timings.startup.of(replica.offer));
      if (!replica.notice_deadline) continue;
      machine.is_going = true;
      agenda_.plan(std::max(now_, *replica.notice_deadline),
                   [this, token] { preempt(token, core::Duration{0}); });
    }
}

void SimulatedCloud::carry_out(const core::Effect& effect) {
  if (const auto* order = std::get_if<core::LaunchInstance>(&effect)) launch(*order);
  if (const auto* order = std::get_if<core::TerminateInstance>(&effect)) terminate(*order);
  if (std::holds_alternative<core::SweepInstances>(effect)) agenda_.plan(now_, [this] { sweep(); });
}

bool SimulatedCloud::answers(const core::ServiceName& service, core::ReplicaId replica) const {
  for (const auto& [token, machine] : machines_)
    if (machine.order.replica == replica && machine.order.service == service)
      return machine.is_up && machine.ready_at <= now_;
  return false;
}

void SimulatedCloud::launch(const core::LaunchInstance& order) {
  const core::BlockKey kind = key_of(order.offer);
  const bool is_known = machines_.contains(order.token);
  if (!is_known && held(kind) >= capacity_of(scenario_, kind, now_).machines) {
    agenda_.plan(now_ + scenario_.timings.refusing.of(order.offer),
                 [this, failure = refusal(kind), service = order.service, replica = order.replica,
                  attempt = order.attempt] {
                   sink_(core::LaunchAnswered{service, replica, attempt, failure});
                 });
    return;
  }
  if (!is_known) {
    Machine& machine = machines_[order.token];
    machine.order = order;
    machine.order.spec = {};
    machine.number = ++launched_;
  }
  agenda_.plan(now_ + scenario_.timings.provisioning.of(order.offer),
               [this, token = order.token] { answer_launch(token); });
}

void SimulatedCloud::answer_launch(const std::string& token) {
  const auto found = machines_.find(token);
  if (found == machines_.end()) return;  // terminated or refused meanwhile
  Machine& machine = found->second;
  machine.is_up = true;
  machine.ready_at = now_ + scenario_.timings.startup.of(machine.order.offer);
  core::ProvisionSucceeded success;
  success.attempt = machine.order.attempt;
  success.instance_id = "simulated-" + std::to_string(machine.number);
  success.host = "127.0.0.1";
  success.port = 1;  // nothing connects to it
  sink_(core::LaunchAnswered{machine.order.service, machine.order.replica, machine.order.attempt,
                             success});
  if (machines_.contains(token)) say(machine, core::InstanceChange::started, {}, {});
}

void SimulatedCloud::terminate(const core::TerminateInstance& order) {
  agenda_.plan(now_ + scenario_.timings.terminating.of(order.offer), [this, order] {
    machines_.erase(order.token);
    sink_(core::TerminateAnswered{order.service, order.replica, {}});
  });
}

void SimulatedCloud::sweep() {
  std::map<std::pair<std::string, bool>, core::InstancesListed> lists;  // name, sandbox
  for (const auto& [token, machine] : machines_) {
    if (!machine.is_up) continue;
    const core::LaunchInstance& order = machine.order;
    core::InstancesListed& list = lists[{order.offer.place.cloud, order.spec.sandbox.enabled}];
    list.instances.push_back({"simulated-" + std::to_string(machine.number), order.offer.place,
                              order.service, order.replica, order.attempt});
  }
  for (auto& [cloud, list] : lists) {
    list.cloud = cloud.first;
    list.asked_at = now_;
    list.sandbox = cloud.second;
    sink_(std::move(list));
  }
}

std::uint32_t SimulatedCloud::held(const core::BlockKey& kind) const {
  std::uint32_t count = 0;
  for (const auto& [token, machine] : machines_)
    count += key_of(machine.order.offer) == kind && !machine.is_going ? 1 : 0;
  return count;
}

core::Failure SimulatedCloud::refusal(const core::BlockKey& kind) const {
  return capacity_of(scenario_, kind, now_).refusal;
}

void SimulatedCloud::watch(const core::BlockKey& kind) {
  const auto next = scenario_.capacity.at(kind).next_change(now_);
  if (!next) return;
  agenda_.plan(*next, [this, kind] {
    take_back(kind);
    watch(kind);
  });
}

void SimulatedCloud::take_back(const core::BlockKey& kind) {
  const Capacity& capacity = capacity_of(scenario_, kind, now_);
  while (held(kind) > capacity.machines) {
    const Machine* newest = nullptr;
    for (const auto& [token, machine] : machines_)
      if (key_of(machine.order.offer) == kind && !machine.is_going &&
          (!newest || machine.number > newest->number))
        newest = &machine;
    const std::string token = newest->order.token;
    if (newest->is_up) {
      preempt(token, capacity.notice);
      continue;
    }
    const core::LaunchInstance order = newest->order;
    machines_.erase(token);
    sink_(core::LaunchAnswered{order.service, order.replica, order.attempt, refusal(kind)});
  }
}

void SimulatedCloud::preempt(const std::string& token, core::Duration notice) {
  const auto found = machines_.find(token);
  if (found == machines_.end()) return;
  found->second.is_going = true;
  if (notice > core::Duration{0}) {
    say(found->second, core::InstanceChange::noticed, notice, "capacity is taken back");
    agenda_.plan(now_ + notice, [this, token] { preempt(token, core::Duration{0}); });
    return;
  }
  const Machine gone = found->second;
  machines_.erase(found);
  say(gone, core::InstanceChange::preempted, {}, "capacity was taken back");
}

void SimulatedCloud::say(const Machine& machine, core::InstanceChange change, core::Duration left,
                         std::string text) {
  const core::LaunchInstance order = machine.order;  // the answer may end the machine
  sink_(core::InstanceChanged{order.service, order.replica, order.attempt, change, left,
                              std::move(text)});
}

}  // namespace sky::projections
