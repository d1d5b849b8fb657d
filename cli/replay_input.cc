#include "cli/replay_input.h"

#include <charconv>
#include <sstream>
#include <string>
#include <variant>

#include "projections/ingest.h"
#include "projections/open_intents.h"

namespace sky::cli {
namespace {

using core::Event;
using core::EventBody;
using core::InputBody;
using projections::Model;
using Facts = std::vector<Event>;

// Decided: caused by something earlier. A termination without a cause is how a loss of a replica
// that was leaving anyway is recorded.
bool is_decided(const Event& event) {
  return event.actor == core::Actor::controller && event.cause;
}

// ---- what a sweep found: orphans, then losses, of one cloud

std::string loss_text(const EventBody& body) {
  if (const auto* lost = std::get_if<core::InstanceLost>(&body)) return lost->text;
  if (const auto* taken = std::get_if<core::ReplicaPreempted>(&body)) return taken->text;
  if (const auto* ended = std::get_if<core::TerminationIntended>(&body)) return ended->reason;
  return {};
}

struct ListedCloud {
  std::string name;
  bool sandbox = false;
  bool operator==(const ListedCloud&) const = default;
};

ListedCloud cloud_of(const projections::ServiceState& service,
                     const projections::Replica& replica) {
  return {replica.offer.place.cloud, projections::spec_of(service, replica).sandbox.enabled};
}

// The cloud whose list the event came from; none: from no list.
std::optional<ListedCloud> listing_cloud(const Model& before, const Event& event) {
  if (const auto* orphan = std::get_if<core::OrphanFound>(&event.body))
    return ListedCloud{orphan->place.cloud, orphan->sandbox};
  const auto* replica = projections::find_replica(before, event);
  if (!replica || is_decided(event) || loss_text(event.body) != projections::unlisted_text)
    return {};
  return cloud_of(*projections::find_service(before, event.service), *replica);
}

bool holds_machine(const projections::Replica& replica) {
  return replica.provisioned && !core::is_terminal(replica.phase) &&
         replica.phase != core::Phase::shutting_down && replica.phase != core::Phase::pending;
}

// Everything we remember of that cloud but the lost, and the orphans.
core::InstancesListed list_behind(const Model& before, const Facts& facts,
                                  const ListedCloud& cloud) {
  core::InstancesListed list;
  list.cloud = cloud.name;
  list.sandbox = cloud.sandbox;
  list.asked_at = facts.front().time.at + core::Duration{1};
  for (const auto& [name, service] : before.services)
    for (const auto& [id, replica] : service.replicas) {
      bool is_listed = holds_machine(replica) && cloud_of(service, replica) == cloud;
      for (const Event& fact : facts)
        is_listed = is_listed && (fact.service != name || fact.replica != id);
      if (is_listed) list.instances.push_back({replica.instance_id, {}, name, id, replica.attempt});
    }
  for (const Event& fact : facts)
    if (const auto* orphan = std::get_if<core::OrphanFound>(&fact.body))
      list.instances.push_back({orphan->instance_id, orphan->place, fact.service, {}, 0});
  return list;
}

// ---- commands

// "llama3 3 4", "llama3 --zone us-east-2a", "llama3 --storm 2"
core::PreemptRequested preempt_request(const Event& event, const core::CommandReceived& command) {
  core::PreemptRequested request{event.service, {}, {}, 0, command.user, command.request};
  std::istringstream words(
      command.detail.substr(std::min(command.detail.size(), event.service.size())));
  for (std::string word; words >> word;) {
    if (word == "--zone") {
      words >> request.zone;
    } else if (word == "--storm") {
      words >> request.storm;
    } else {
      core::ReplicaId id;
      std::from_chars(word.data(), word.data() + word.size(), id.value);
      request.replicas.push_back(id);
    }
  }
  return request;
}

std::optional<InputBody> command_behind(const Facts& facts, const core::CommandReceived& command) {
  const Event& last = facts.back();
  if (const auto* up = std::get_if<core::ServiceRegistered>(&last.body))
    return core::UpRequested{up->spec, up->offers, command.user, command.request};
  if (const auto* update = std::get_if<core::ServiceUpdated>(&last.body))
    return core::UpdateRequested{update->spec, update->offers, update->mode, command.user,
                                 command.request};
  if (command.command == "down")
    return core::DownRequested{last.service, command.user, command.request};
  if (command.command == "preempt") return preempt_request(last, command);
  return {};
}

// ---- one fact, one input

struct Behind {
  const Model& before;
  const Facts& facts;
  const Event& event = facts.front();

  using Answer = std::optional<InputBody>;

  std::uint32_t attempt() const {
    const auto* replica = projections::find_replica(before, event);
    return replica ? replica->attempt : 0;
  }
  Answer change(core::InstanceChange change, std::string text, core::Duration left = {}) const {
    return core::InstanceChanged{event.service, event.replica, attempt(),
                                 change,        left,          std::move(text)};
  }
  Answer report(core::EndpointChange change, std::string reason = {}) const {
    return core::ReplicaReported{event.service, event.replica, change, std::move(reason)};
  }

  template <class Other>
  Answer operator()(const Other&) const {
    return {};
  }

  Answer operator()(const core::DaemonStarted& e) const {
    core::Started started{e.log_id, e.version, e.epoch, {}};
    if (const auto* repair = std::get_if<core::LogRepaired>(&event.body))
      started.repaired_after = repair->last_kept;
    return started;
  }
  Answer operator()(const core::LogRepaired&) const {
    const auto* started = std::get_if<core::DaemonStarted>(&facts.back().body);
    return started ? (*this)(*started) : Answer{};
  }
  Answer operator()(const core::DaemonStopped& e) const { return core::Stopping{e.reason}; }
  Answer operator()(const core::CommandReceived& e) const { return command_behind(facts, e); }
  Answer operator()(const core::LogTruncated& e) const { return core::LogTended{e}; }
  Answer operator()(const core::SnapshotTaken& e) const { return core::LogTended{e}; }
  Answer operator()(const core::SnapshotRejected& e) const { return core::LogTended{e}; }
  Answer operator()(const core::BalancerConnected& e) const { return core::BalancerHello{e.pid}; }
  Answer operator()(const core::BalancerLost& e) const { return core::BalancerGone{e.reason}; }

  Answer operator()(const core::EndpointAssigned&) const {
    const auto* service = projections::find_service(before, event.service);
    if (!service) return {};
    return core::EndpointReported{event.service, {}, service->endpoint_port, true, "taken"};
  }
  Answer operator()(const core::EndpointOpened& e) const {
    return core::EndpointReported{event.service, e.host, e.port, false, {}};
  }
  Answer operator()(const core::EndpointFailed& e) const {
    return core::EndpointReported{event.service, {}, e.port, e.text.empty(), e.text};
  }

  Answer operator()(const core::ProvisionSucceeded& e) const {
    return core::LaunchAnswered{event.service, event.replica, e.attempt, e};
  }
  Answer operator()(const core::ProvisionFailed& e) const {
    return core::LaunchAnswered{event.service, event.replica, e.attempt, e.failure};
  }
  Answer operator()(const core::TerminationSucceeded&) const {
    return core::TerminateAnswered{event.service, event.replica, std::monostate{}};
  }
  Answer operator()(const core::TerminationFailed& e) const {
    return core::TerminateAnswered{event.service, event.replica, e.failure};
  }
  Answer operator()(const core::ReplicaStarted&) const {
    return change(core::InstanceChange::started, {});
  }
  Answer operator()(const core::PreemptionNoticed& e) const {
    return change(core::InstanceChange::noticed, e.text, e.deadline - event.time.at);
  }
  Answer operator()(const core::ReplicaPreempted& e) const {
    return change(core::InstanceChange::preempted, e.text);
  }
  Answer operator()(const core::InstanceLost& e) const {
    return change(
        e.by_user_code ? core::InstanceChange::user_code_ended : core::InstanceChange::lost,
        e.text);
  }
  Answer operator()(const core::TerminationIntended& e) const {
    return change(core::InstanceChange::lost, e.reason);
  }
  Answer operator()(const core::OrphanEnded& e) const {
    return core::OrphanTerminated{e.instance_id};
  }

  Answer operator()(const core::ProbeAnswered& e) const {
    return core::ProbeReturned{event.service, event.replica, e};
  }
  Answer operator()(const core::TrafficSampled& e) const {
    return core::TrafficReported{event.service, e};
  }
  Answer operator()(const core::ReplicaEjected& e) const {
    return report(core::EndpointChange::ejected, e.reason);
  }
  Answer operator()(const core::ReplicaReadmitted&) const {
    return report(core::EndpointChange::readmitted);
  }
  Answer operator()(const core::ReplicaDrained&) const {
    return report(core::EndpointChange::drained);
  }
  Answer operator()(const core::RequestsHeld& e) const {
    core::HoldReported hold{event.service, e.waiting, 0, {}};
    if (const auto* shed = std::get_if<core::RequestsShed>(&facts.back().body)) {
      hold.shed = shed->count;
      hold.reason = shed->reason;
    }
    return hold;
  }
  Answer operator()(const core::RequestsShed& e) const {
    return core::HoldReported{event.service, 0, e.count, e.reason};
  }
};

bool is_second_half(const Event& first, const Event& next) {
  if (std::holds_alternative<core::LogRepaired>(first.body))
    return std::holds_alternative<core::DaemonStarted>(next.body);
  if (std::holds_alternative<core::RequestsHeld>(first.body))
    return std::holds_alternative<core::RequestsShed>(next.body) && next.service == first.service;
  const bool is_request = std::holds_alternative<core::ServiceRegistered>(next.body) ||
                          std::holds_alternative<core::ServiceUpdated>(next.body) ||
                          std::holds_alternative<core::RemovalRequested>(next.body);
  return is_request && next.cause == first.seq &&
         std::holds_alternative<core::CommandReceived>(first.body);
}

}  // namespace

bool continues_observation(const Model& before, const Facts& facts, const Event& next) {
  if (next.time != facts.front().time) return false;
  const auto cloud = listing_cloud(before, facts.front());
  if (cloud) return listing_cloud(before, next) == cloud;
  return facts.size() == 1 && is_second_half(facts.front(), next);
}

std::optional<InputBody> observation_behind(const Model& before, const Facts& facts) {
  const Event& first = facts.front();
  if (is_decided(first)) return core::Tick{};
  const auto cloud = listing_cloud(before, first);
  if (cloud) return list_behind(before, facts, *cloud);
  return std::visit(Behind{before, facts}, first.body);
}

}  // namespace sky::cli
