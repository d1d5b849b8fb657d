#include "projections/simulation/recorded_scenario.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "projections/zone_history.h"

namespace sky::projections {
namespace {

using core::Event;

// Has a machine that the cloud has not announced to take.
bool stays(const Replica& replica) {
  return replica.provisioned && !core::is_terminal(replica.phase) && !replica.notice_deadline;
}

// Whether the cloud will answer another call the same way: the others are passing trouble.
bool is_about_capacity(core::FailureKind kind) {
  switch (kind) {
    case core::FailureKind::capacity:
    case core::FailureKind::quota:
    case core::FailureKind::price:
    case core::FailureKind::unsupported:
    case core::FailureKind::auth:
    case core::FailureKind::forbidden: return true;
    default: return false;
  }
}

core::Failure no_capacity() {
  core::Failure failure;
  failure.kind = core::FailureKind::capacity;
  failure.scope = core::FailureScope::zone;
  failure.text = "the log shows that no machine was to be had there then";
  return failure;
}

// Everything about other services is left out but what they taught about the zones.
Model only(const Model& model, const core::ServiceName& service) {
  Model part = model;
  std::erase_if(part.services, [&](const auto& one) { return one.first != service; });
  std::erase_if(part.last_replica_ids, [&](const auto& one) { return one.first != service; });
  part.orphans.clear();
  return part;
}

void end_evidence(CapacityTimeline& timeline) {
  const auto changes = timeline.changes();  // as they were
  for (auto one = changes.begin(); one != changes.end(); ++one) {
    const auto next = std::next(one);
    const core::Instant over = one->first + evidence_lasts;
    const bool is_closed = one->second.machines != unlimited_machines;
    if (is_closed && (next == changes.end() || next->first > over)) timeline.set(over, {});
  }
}

}  // namespace

RecordedScenario::RecordedScenario(core::ServiceName service, Model before)
    : model_(std::move(before)) {
  scenario_.service = std::move(service);
}

bool RecordedScenario::starts_with(const Event& event) const {
  if (model_.services.contains(scenario_.service)) return true;
  return event.service == scenario_.service &&
         std::holds_alternative<core::ServiceRegistered>(event.body);
}

void RecordedScenario::begin(const core::Stamp& now) {
  has_begun_ = true;
  scenario_.begin = now;
  scenario_.before = only(model_, scenario_.service);
}

void RecordedScenario::add(const Event& event) {
  if (has_begun_ && event.service == scenario_.service) {
    note_command(event);
    note_demand(event);
  }
  if (const Replica* replica = find_replica(model_, event)) {
    const Replica before = *replica;
    evolve(model_, event);
    note_cloud(event, before);
    return;
  }
  evolve(model_, event);
}

void RecordedScenario::note_command(const Event& event) {
  ScenarioCommand command{event.time.at, {}};
  if (const auto* up = std::get_if<core::ServiceRegistered>(&event.body))
    command.command = core::UpRequested{up->spec, up->offers, "recorded"};
  else if (const auto* update = std::get_if<core::ServiceUpdated>(&event.body))
    command.command = core::UpdateRequested{update->spec, update->offers, update->mode, "recorded"};
  else if (std::holds_alternative<core::RemovalRequested>(event.body))
    command.command = core::DownRequested{event.service, "recorded"};
  else
    return;
  scenario_.commands.push_back(std::move(command));
}

void RecordedScenario::note_demand(const Event& event) {
  const auto* sample = std::get_if<core::TrafficSampled>(&event.body);
  if (!sample || sample->arrivals == 0) return;
  core::Duration service_time = sample->latency_p50;
  if (sample->completions == 0 && !scenario_.demand.empty())
    service_time = scenario_.demand.back().service_time;
  scenario_.demand.push_back({event.time.at, sample->period, sample->arrivals, service_time});
}

void RecordedScenario::note_cloud(const Event& event, const Replica& replica) {
  auto& called = called_[event.service];
  auto& ending = ending_[event.service];
  if (std::holds_alternative<core::LaunchIntended>(event.body))
    called.try_emplace(event.replica, event.time.at);
  if (std::holds_alternative<core::ProvisionSucceeded>(event.body)) note_success(event, replica);
  if (const auto* failed = std::get_if<core::ProvisionFailed>(&event.body))
    note_refusal(event, replica, *failed);
  if (const auto* notice = std::get_if<core::PreemptionNoticed>(&event.body))
    note_taken(event, replica, std::max(core::Duration{0}, notice->deadline - event.time.at));
  const bool is_taken = std::holds_alternative<core::ReplicaPreempted>(event.body);
  const auto* lost = std::get_if<core::InstanceLost>(&event.body);
  const bool is_lost = lost && !lost->by_user_code && replica.is_spot();
  if ((is_taken || is_lost) && !replica.notice_deadline)
    note_taken(event, replica, core::Duration{0});
  if (std::holds_alternative<core::ReplicaBecameReady>(event.body) && !replica.first_ready &&
      replica.provisioned)
    scenario_.timings.startup.add(replica.offer, event.time.at - *replica.provisioned);
  if (std::holds_alternative<core::TerminationIntended>(event.body))
    ending.try_emplace(event.replica, event.time.at);
  if (!std::holds_alternative<core::TerminationSucceeded>(event.body)) return;
  const auto asked = ending.find(event.replica);
  if (asked == ending.end()) return;
  scenario_.timings.terminating.add(replica.offer, event.time.at - asked->second);
  ending.erase(asked);
}

void RecordedScenario::note_success(const Event& event, const Replica& replica) {
  auto& called = called_[event.service];
  const auto call = called.find(event.replica);
  const core::Instant from = call == called.end() ? event.time.at : call->second;
  if (call != called.end()) {
    scenario_.timings.provisioning.add(replica.offer, event.time.at - from);
    called.erase(call);
  }
  ++evidence_.granted;
  evidence_.kinds.insert(key_of(replica.offer));
  open(key_of(replica.offer), from, event.time.at);
}

void RecordedScenario::note_refusal(const Event& event, const Replica& replica,
                                    const core::ProvisionFailed& failed) {
  auto& called = called_[event.service];
  const auto call = called.find(event.replica);
  const core::Instant from = call == called.end() ? event.time.at : call->second;
  const bool repeats = failed.failure.kind == core::FailureKind::throttled ||
                       failed.failure.kind == core::FailureKind::transient ||
                       failed.failure.kind == core::FailureKind::indeterminate;
  if (call != called.end() && !repeats) called.erase(call);
  if (!is_about_capacity(failed.failure.kind)) return;
  if (call != called.end()) scenario_.timings.refusing.add(replica.offer, event.time.at - from);
  ++evidence_.refused;
  const core::BlockKey kind = key_of(replica.offer);
  evidence_.kinds.insert(kind);
  CapacityTimeline& timeline = scenario_.capacity[kind];
  const auto last = timeline.last_change();
  const core::Instant since = last && *last >= from ? event.time.at : from;
  timeline.set(since, {staying(kind), failed.failure, {}});
}

void RecordedScenario::note_taken(const Event& event, const Replica& replica,
                                  core::Duration notice) {
  ++evidence_.taken;
  const core::BlockKey kind = key_of(replica.offer);
  evidence_.kinds.insert(kind);
  scenario_.capacity[kind].set(event.time.at, {staying(kind), no_capacity(), notice});
}

std::uint32_t RecordedScenario::staying(const core::BlockKey& kind) const {
  const ServiceState* service = find_service(model_, scenario_.service);
  if (!service) return 0;
  std::uint32_t count = 0;
  for (const auto& [id, replica] : service->replicas)
    count += stays(replica) && key_of(replica.offer) == kind ? 1 : 0;
  return count;
}

void RecordedScenario::open(const core::BlockKey& kind, core::Instant from, core::Instant now) {
  const auto known = scenario_.capacity.find(kind);
  if (known == scenario_.capacity.end()) return;  // it was never closed
  const auto last = known->second.last_change();
  known->second.set(last && *last >= from ? now : from, {});
}

Scenario RecordedScenario::take(core::Instant end) {
  for (auto& [kind, timeline] : scenario_.capacity) end_evidence(timeline);
  scenario_.end = end;
  return std::move(scenario_);
}

}  // namespace sky::projections
