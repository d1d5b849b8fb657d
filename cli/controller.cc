#include "cli/controller.h"

#include <algorithm>
#include <utility>

#include "projections/routing_table.h"
#include "projections/step.h"

namespace sky::cli {
namespace {

// Probes and samples come every second and change neither who is probed nor who is routed to.
bool is_measurement(const core::Event& event) {
  return std::holds_alternative<core::ProbeAnswered>(event.body) ||
         std::holds_alternative<core::TrafficSampled>(event.body);
}

}  // namespace

Controller::Controller(core::Scheduler& scheduler, events::CommitQueue& queue,
                       projections::Model model, ControllerEdges edges)
    : queue_(queue),
      model_(std::move(model)),
      durable_routes_(projections::routing_snapshot(model_)),
      edges_(std::move(edges)),
      wake_(scheduler.make_alarm()) {}

void Controller::submit(core::InputBody body, Reply reply) {
  projections::Step step = projections::step(model_, {edges_.now(), std::move(body)});
  arm(step.wake_at);
  // A service that was due is decided about whatever came in: such events stay, refused or not.
  if (step.rejection && step.events.empty() && step.effects.empty()) {
    if (reply) reply(std::move(*step.rejection));
    return;
  }
  auto answer = step.rejection ? core::Result<void>(*step.rejection) : core::Result<void>();
  auto events = step.events;
  queue_.append(std::move(step.events),
                [this, events = std::move(events), effects = std::move(step.effects),
                 reply = std::move(reply), answer = std::move(answer)] {
                  open_gate(events, effects);
                  if (reply) reply(answer);
                });
}

void Controller::when_durable(std::function<void()> task) { queue_.append({}, std::move(task)); }

void Controller::open_gate(const std::vector<core::Event>& events,
                           const std::vector<core::Effect>& effects) {
  for (const core::Event& event : events) {
    projections::evolve(durable_routes_, event);
    if (std::holds_alternative<core::ServiceRemoved>(event.body))
      edges_.forget_service(event.service);
  }
  follow_targets(events);
  for (const core::Effect& effect : effects) edges_.run_effect(effect);
}

void Controller::follow_targets(const std::vector<core::Event>& events) {
  if (std::all_of(events.begin(), events.end(), is_measurement)) return;
  edges_.set_probe_targets(projections::probe_targets(model_));
  edges_.set_balancer_needed(!model_.services.empty());
}

void Controller::arm(std::optional<core::Instant> wake_at) {
  wake_->stop();
  if (!wake_at) return;
  const core::Duration left = std::max(core::Duration{0}, *wake_at - edges_.now().at);
  wake_->start(left, [this] { submit(core::Tick{}); });
}

}  // namespace sky::cli
