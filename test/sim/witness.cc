#include "test/sim/witness.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/pool_split.h"
#include "core/token.h"
#include "projections/routing_table.h"

namespace sky::sim {
namespace {

using core::Phase;
using core::Seq;

constexpr std::array invariants = {
    Invariant{"nothing_lost", "An event that was acknowledged is in the log for ever, unchanged."},
    Invariant{"dense", "Events are numbered without a gap, each after its cause, in time's order."},
    Invariant{"opens_by_itself", "After any crash the log opens without a person's help."},
    Invariant{"state_is_fold", "The model is the fold of the log, at a start and at any moment."},
    Invariant{"gate",
              "No call, and no reply, leaves before the events that caused it are durable."},
    Invariant{"owned", "Every machine was made by a durable launch intent, under its token."},
    Invariant{"one_machine", "There is at most one machine for each attempt of each replica."},
    Invariant{"bounded",
              "There are never more replicas than the maximum, the extra and the surge."},
    Invariant{"no_paid_overflow",
              "No base replica is launched on a billed machine if forbidden, or unsaid."},
    Invariant{"blocked", "Nothing new is launched in a blocked place before its timer is over."},
    Invariant{"ids_unique", "A replica's id never repeats, not after `down` and `up` either."},
    Invariant{"drained",
              "A replica that leaves gets no new request from a balancer that knows it."},
    Invariant{"counted", "Each replica's in-flight count is the number of requests it works on."},
    Invariant{"same_table", "The balancer's table is the fold of the events it has seen."},
    Invariant{"secret", "The value of a secret is in no event."},
    Invariant{"check", "No part of the program finds one of its own invariants broken."},
    Invariant{"target_reached", "When faults stop, the wanted replicas are ready in bounded time."},
    Invariant{"nothing_left", "After `down`, and soon, no machine is left and no service."},
};

// The most live replicas that a spec allows: max, extra, cover for spot, surge.
std::size_t most_live(const core::ServiceSpec& spec) {
  const core::ReplicaPolicy& policy = spec.replicas;
  const std::uint32_t base = core::uses_spot(spec) ? policy.base_ondemand_fallback_replicas : 0;
  const std::uint32_t wanted = std::max(policy.upper_limit(), base);
  const std::uint32_t cover =
      core::uses_spot(spec) && policy.dynamic_ondemand_fallback ? wanted - base : 0;
  return std::size_t{wanted} + policy.num_overprovision + cover +
         std::max(1u, spec.rollout.max_surge);
}

std::string name_of(const core::Event& event) {
  return "#" + std::to_string(event.seq.value) + " " + core::type_name(event.body) + " " +
         event.service + "/" + std::to_string(event.replica.value);
}

}  // namespace

std::span<const Invariant> all_invariants() { return invariants; }

void Witness::fail(const char* name, std::string detail) {
  if (broken_) return;
  const auto found =
      std::find_if(invariants.begin(), invariants.end(),
                   [name](const Invariant& one) { return std::string_view(one.name) == name; });
  SKY_CHECK(found != invariants.end(), "every invariant is in the list");
  broken_ = Broken{found->name, found->sentence, std::move(detail)};
}

void Witness::acknowledged(std::span<const core::Event> events, const std::string& bytes) {
  for (const std::string& secret : secrets_)
    if (bytes.find(secret) != std::string::npos) fail("secret", name_of(events.front()));
  for (const core::Event& event : events) {
    const bool is_next = event.seq == acknowledged_.next();
    const bool is_later = history_.empty() || event.time.at >= history_.back().time.at;
    if (!is_next || !is_later || event.cause >= event.seq) return fail("dense", name_of(event));
    acknowledged_ = event.seq;
    if (on_event) on_event(event);
    look_at(event);
    history_.push_back(event);
  }
  tally_.events += events.size();
  for (const char byte : bytes.substr(8, 4)) mix(static_cast<unsigned char>(byte));
  mix(acknowledged_.value);
}

void Witness::opened(const events::Log& log) {
  if (log.position().durable < acknowledged_)
    return fail("nothing_lost", "the log ends at #" + std::to_string(log.position().durable.value) +
                                    ", acknowledged was #" + std::to_string(acknowledged_.value));
  const Seq known = acknowledged_;
  const auto read = log.read(known ? known : Seq{1}, [&](const events::Commit& commit, auto bytes) {
    if (commit.events.front().seq > known) {
      acknowledged(commit.events, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    } else if (commit.events.back().seq != known || commit.events.back() != history_.back()) {
      fail("nothing_lost", name_of(commit.events.back()) + " is another than was acknowledged");
    }
    return !broken_;
  });
  if (!read) fail("nothing_lost", read.error().text);
}

void Witness::could_not_open(const core::Error& error) { fail("opens_by_itself", error.text); }

void Witness::shown(const projections::Model& model) {
  if (model.seq == acknowledged_ && model != model_)
    fail("state_is_fold", "at #" + std::to_string(model.seq.value));
}

void Witness::folded(const projections::Model& model) {
  if (model != model_)
    fail("state_is_fold", "at a start, #" + std::to_string(model.seq.value) + " of #" +
                              std::to_string(model_.seq.value));
}

void Witness::replied(Seq needed) {
  if (needed > acknowledged_) fail("gate", "a reply before #" + std::to_string(needed.value));
}

void Witness::launch_called(const core::LaunchInstance& order) {
  if (!intents_.contains(order.token))
    fail("gate", "a launch of " + order.service + " without a durable intent");
}

void Witness::termination_called(const std::string& token) {
  const auto intent = intents_.find(token);
  if (intent == intents_.end() || !intent->second.may_terminate)
    fail("gate", "a termination without a durable intent, token " + token);
}

void Witness::machine_made(const Machine& machine) {
  mix(machine.replica.value * 1000 + machine.attempt);
  if (!made_.emplace(machine.service, machine.replica, machine.attempt).second)
    return fail("one_machine", machine.service + "/" + std::to_string(machine.replica.value) +
                                   " attempt " + std::to_string(machine.attempt));
  if (!intents_.contains(machine.token))
    fail("owned", machine.id + " of " + machine.service + " has no intent");
}

void Witness::request_placed(const core::ServiceName& service, core::ReplicaId replica, Seq table) {
  ++running_[{service, replica}];
  ++tally_.requests;
  const auto left = leaving_.find({service, replica});
  if (left != leaving_.end() && left->second <= table)
    fail("drained", service + "/" + std::to_string(replica.value) + " left with #" +
                        std::to_string(left->second.value) + ", the table is of #" +
                        std::to_string(table.value));
}

void Witness::request_ended(const core::ServiceName& service, core::ReplicaId replica) {
  --running_[{service, replica}];
}

void Witness::counted(const core::ServiceName& service, core::ReplicaId replica,
                      std::uint32_t in_flight) {
  const auto known = running_.find({service, replica});
  const std::uint32_t truth = known == running_.end() ? 0 : known->second;
  if (truth != in_flight)
    fail("counted", service + "/" + std::to_string(replica.value) + " has " +
                        std::to_string(truth) + ", counted are " + std::to_string(in_flight));
}

void Witness::table_shown(const core::RoutingSnapshot& table) {
  if (table.seq == acknowledged_ && table != projections::routing_snapshot(model_))
    fail("same_table", "at #" + std::to_string(table.seq.value));
}

void Witness::check_failed(const std::string& detail) { fail("check", detail); }
void Witness::not_in_time(const std::string& detail) { fail("target_reached", detail); }
void Witness::left_behind(const std::string& detail) { fail("nothing_left", detail); }

void Witness::look_at(const core::Event& event) {
  look_at_blocks(event);
  if (const auto* launch = std::get_if<core::LaunchIntended>(&event.body))
    look_at_launch(event, *launch);
  if (const auto* failed = std::get_if<core::ProvisionFailed>(&event.body))
    ++tally_.failure_kinds[core::to_text(failed->failure.kind)];
  const projections::Replica before = replica_of(event);
  projections::evolve(model_, event);
  count_phase(event, before);
  if (std::holds_alternative<core::TerminationIntended>(event.body) && before.intent)
    intents_[core::launch_token(log_id_, before.intent)].may_terminate = true;
  if (std::holds_alternative<core::ReplicaPlanned>(event.body)) look_at_plan(event);
  look_at_routes(event);
}

projections::Replica Witness::replica_of(const core::Event& event) const {
  const auto service = model_.services.find(event.service);
  if (service == model_.services.end()) return {};
  const auto replica = service->second.replicas.find(event.replica);
  return replica == service->second.replicas.end() ? projections::Replica{} : replica->second;
}

void Witness::look_at_plan(const core::Event& event) {
  std::uint32_t& last = last_ids_[event.service];
  if (event.replica.value <= last) return fail("ids_unique", name_of(event));
  last = event.replica.value;
  const projections::ServiceState& service = model_.services.at(event.service);
  std::size_t live = 0, live_new = 0;
  for (const auto& [id, replica] : service.replicas) {
    if (!core::is_live(replica.phase)) continue;
    ++live;
    live_new += replica.version == service.version ? 1 : 0;
  }
  const bool is_blue_green = service.update_mode == core::UpdateMode::blue_green;
  if ((is_blue_green ? live_new : live) > most_live(service.spec()))
    fail("bounded", event.service + " has " + std::to_string(live) + " live replicas, at most " +
                        std::to_string(most_live(service.spec())) + " are allowed");
}

void Witness::look_at_launch(const core::Event& event, const core::LaunchIntended& body) {
  const projections::Replica replica = replica_of(event);
  if (body.attempt == replica.attempt) return;  // the same call again
  const projections::ServiceState& service = model_.services.at(event.service);
  const auto version = service.versions.find(replica.version);
  const bool is_billed_base = replica.pool == core::Pool::base && body.offer.is_paid();
  if (is_billed_base != body.paid_overflow ||
      (is_billed_base && version->second.spec.no_paid_overflow))
    fail("no_paid_overflow", name_of(event) + " at " + core::to_text(body.offer.place));
  intents_[core::launch_token(log_id_, event.seq)] = {event.service, event.replica, body.attempt,
                                                      false};
  for (const auto& [key, until] : blocks_)
    if (until > event.time.at && key.covers(body.offer))
      fail("blocked", name_of(event) + " at " + core::to_text(body.offer.place));
}

void Witness::look_at_blocks(const core::Event& event) {
  if (const auto* block = std::get_if<core::ZoneBlocked>(&event.body)) {
    core::Instant& until = blocks_[{block->place, block->instance_type, block->market}];
    until = std::max(until, block->until);
  } else if (const auto* clear = std::get_if<core::ZoneCleared>(&event.body)) {
    blocks_.erase({clear->place, clear->instance_type, clear->market});
  }
}

void Witness::look_at_routes(const core::Event& event) {
  const bool leaves = std::holds_alternative<core::DrainStarted>(event.body) ||
                      std::holds_alternative<core::TerminationIntended>(event.body) ||
                      std::holds_alternative<core::ReplicaPreempted>(event.body) ||
                      std::holds_alternative<core::InstanceLost>(event.body) ||
                      std::holds_alternative<core::ReplicaEnded>(event.body);
  if (leaves) leaving_.emplace(std::pair{event.service, event.replica}, event.seq);
}

void Witness::count_phase(const core::Event& event, const projections::Replica& before) {
  if (!event.replica || before.phase == Phase::unknown) return;
  Phase after = replica_of(event).phase;
  if (!replica_of(event).id) {
    const auto* ended = std::get_if<core::ReplicaEnded>(&event.body);
    after = ended ? ended->final_phase : before.final_phase;
    if (core::is_terminal(before.phase)) after = before.phase;
  }
  if (after != before.phase)
    ++tally_.transitions[std::string(core::to_text(before.phase)) + " -> " + core::to_text(after)];
}

}  // namespace sky::sim
