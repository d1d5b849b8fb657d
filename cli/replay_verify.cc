#include "cli/replay_verify.h"

#include <algorithm>
#include <utility>

#include "cli/replay_input.h"
#include "projections/step.h"

namespace sky::cli {
namespace {

using core::Event;
using core::Instant;
using projections::Model;

bool is_start(const Event& event) {
  return std::holds_alternative<core::DaemonStarted>(event.body) ||
         std::holds_alternative<core::LogRepaired>(event.body);
}

bool is_about_log(const Event& event) {
  return std::holds_alternative<core::LogTruncated>(event.body) ||
         std::holds_alternative<core::SnapshotTaken>(event.body) ||
         std::holds_alternative<core::SnapshotRejected>(event.body);
}

std::optional<Instant> next_wake(const Model& model) {
  std::optional<Instant> earliest = model.next_sweep.value;
  for (const auto& [name, service] : model.services) {
    const auto& at = service.wake_at.value;
    if (at && (!earliest || *at < *earliest)) earliest = at;
  }
  return earliest;
}

// What a Tick at that instant looks at: a decision about a service reads it, the zones, no other.
Model due_part(const Model& model, Instant at) {
  Model part;
  part.log_id = model.log_id;
  part.seq = model.seq;
  part.now = model.now;
  part.epoch = model.epoch;
  part.balancer_connected = model.balancer_connected;
  part.zones = model.zones;
  part.last_termination = model.last_termination;
  part.next_sweep = model.next_sweep;
  for (const auto& [name, service] : model.services)
    if (service.wake_at.value && *service.wake_at.value <= at) part.services[name] = service;
  return part;
}

}  // namespace

// A state does not say when its daemon wanted to be woken, nor whether one was running. To look at
// everything once more at the newest instant changes nothing, and finds the times again; and until
// something else happens, what is about the log is taken as it is.
DecisionCheck::DecisionCheck(Model before)
    : asked_(before), recorded_(std::move(before)), is_stopped_(recorded_.seq.value > 0) {
  for (auto& [name, service] : asked_.services) service.wake_at.value = asked_.now;
}

void DecisionCheck::add(const Event& event) {
  if (divergence_) return;
  if (!facts_.empty()) {
    if (continues_observation(asked_, facts_, event)) {
      facts_.push_back(event);
      return;
    }
    ask();
    if (divergence_) return;
  }
  if (is_start(event)) {  // what was decided and not durable yet when it died never happened
    expected_.clear();
    asked_ = recorded_;
  }
  if (expected_.empty()) {
    facts_ = {event};
  } else {
    compare(event);
  }
}

void DecisionCheck::finish() {
  if (!divergence_ && !facts_.empty()) ask();
  if (!divergence_ && !expected_.empty()) divergence_ = Divergence{{}, expected_.front()};
}

void DecisionCheck::ask() {
  const core::Stamp stamp = facts_.front().time;
  if (is_stopped_ && is_about_log(facts_.front())) return fold_unasked();
  if (!is_start(facts_.front())) let_time_pass(stamp.at);
  const auto input = observation_behind(asked_, facts_);
  if (!input) return fold_unasked();
  if (std::holds_alternative<core::Tick>(*input)) make_due(facts_.front());
  projections::Step step = projections::step(asked_, {stamp, *input});
  expected_.assign(step.events.begin(), step.events.end());
  for (const Event& fact : std::exchange(facts_, {}))
    if (!divergence_) compare(fact);
}

void DecisionCheck::compare(const Event& recorded) {
  if (expected_.empty()) {
    divergence_ = Divergence{recorded, {}};
    return;
  }
  if (expected_.front() != recorded) {
    divergence_ = Divergence{recorded, std::move(expected_.front())};
    return;
  }
  expected_.pop_front();
  projections::evolve(recorded_, recorded);
  if (!is_about_log(recorded))
    is_stopped_ = std::holds_alternative<core::DaemonStopped>(recorded.body);
  ++events_;
  decisions_ += recorded.actor == core::Actor::controller ? 1 : 0;
}

void DecisionCheck::fold_unasked() {
  for (const Event& fact : std::exchange(facts_, {})) {
    projections::evolve(asked_, fact);
    projections::evolve(recorded_, fact);
    ++unasked_;
  }
}

// The daemon was woken when it asked to be, and mostly there was nothing to record. A wake-up that
// would record something is left to the recorded event: it came a moment late, or with an input.
void DecisionCheck::let_time_pass(Instant until) {
  while (const auto wake = next_wake(asked_)) {
    if (*wake >= until) return;
    Model part = due_part(asked_, *wake);
    const auto step = projections::step(part, {{*wake, core::WallTime{}}, core::Tick{}});
    const auto next = next_wake(part);
    if (!step.events.empty() || (next && *next <= *wake)) return;
    asked_.next_sweep = part.next_sweep;
    for (const auto& [name, service] : part.services)
      asked_.services.at(name).wake_at = service.wake_at;
  }
}

// The question is what it decides at that instant, not whether it would have looked.
void DecisionCheck::make_due(const Event& event) {
  const auto service = asked_.services.find(event.service);
  if (service == asked_.services.end()) return;
  auto& wake = service->second.wake_at.value;
  wake = std::min(wake.value_or(event.time.at), event.time.at);
}

}  // namespace sky::cli
