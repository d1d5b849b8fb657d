#include "projections/simulation/simulation.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace sky::projections {
namespace {

constexpr core::Duration probe_latency = core::milliseconds(5);  // a guess; no decision reads it
constexpr core::Duration up_again_after = core::seconds(1);  // while the old one is being removed

bool is_measurement(const core::EventBody& body) {
  return std::holds_alternative<core::ProbeAnswered>(body) ||
         std::holds_alternative<core::TrafficSampled>(body);
}

}  // namespace

Simulation::Simulation(const Scenario& scenario, OnEvent on_event)
    : scenario_(scenario),
      on_event_(std::move(on_event)),
      now_(scenario.begin.at),
      model_(scenario.before),
      cloud_(scenario, agenda_, now_, [this](core::InputBody body) { send(std::move(body)); }),
      endpoint_(scenario, model_, agenda_, now_,
                [this](core::InputBody body) { send(std::move(body)); }) {
  cloud_.adopt(model_);
  for (const ScenarioCommand& command : scenario.commands)
    agenda_.plan(command.at, [this, &command] { send_command(command); });
  endpoint_.begin();
  send(core::Started{model_.log_id, "simulated", model_.epoch + 1, {}});
  send(core::BalancerHello{});
}

core::Stamp Simulation::now() const {
  return {now_, scenario_.begin.wall + (now_ - scenario_.begin.at)};
}

void Simulation::run(core::Instant until) {
  const core::Instant end = std::min(until, scenario_.end);
  while (true) {
    const auto task = agenda_.next();
    const bool is_woken = wake_at_ && (!task || *wake_at_ < *task);
    const auto next = is_woken ? wake_at_ : task;
    if (!next || *next > end) break;
    now_ = std::max(now_, *next);
    if (is_woken)
      send(core::Tick{});
    else
      agenda_.take()();
  }
  now_ = std::max(now_, end);
}

void Simulation::send(core::InputBody body) {
  const Step step = projections::step(model_, {now(), std::move(body)});
  wake_at_ = step.wake_at;
  for (const core::Event& event : step.events) on_event_(event);
  for (const core::Effect& effect : step.effects) cloud_.carry_out(effect);
  const bool has_news = std::any_of(step.events.begin(), step.events.end(),
                                    [](const auto& event) { return !is_measurement(event.body); });
  if (!has_news) return;
  follow_probes();
  endpoint_.follow();
}

void Simulation::send_command(const ScenarioCommand& command) {
  const bool is_up = std::holds_alternative<core::UpRequested>(command.command);
  if (is_up && find_service(model_, scenario_.service)) {  // its removal takes longer here
    agenda_.plan(now_ + up_again_after, [this, &command] { send_command(command); });
    return;
  }
  std::visit([this](const auto& body) { send(body); }, command.command);
  const ServiceState* service = find_service(model_, scenario_.service);
  if (is_up && service)
    send(core::EndpointReported{service->name, "127.0.0.1", service->endpoint_port, false, {}});
}

void Simulation::follow_probes() {
  for (const ProbeTarget& target : probe_targets(model_)) {
    const auto planned = probed_.find(target.replica);
    const bool is_planned = planned != probed_.end() && planned->second == target;
    if (is_planned) continue;
    probed_[target.replica] = target;
    agenda_.plan(now_ + target.interval, [this, target] { probe(target); });
  }
}

// A target that changed meanwhile has a probe of its own in the agenda.
void Simulation::probe(const ProbeTarget& target) {
  const auto planned = probed_.find(target.replica);
  if (planned == probed_.end() || planned->second != target) return;
  probed_.erase(planned);
  const bool ok = cloud_.answers(target.service, target.replica);
  send(core::ProbeReturned{target.service,
                           target.replica,
                           {ok ? 200 : 0, probe_latency, ok ? "" : "no answer yet", ok}});
  follow_probes();
}

}  // namespace sky::projections
