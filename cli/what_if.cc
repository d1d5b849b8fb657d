#include "cli/what_if.h"

#include <set>
#include <utility>
#include <variant>

#include "projections/simulation/simulation.h"
#include "projections/zone_history.h"

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;
using core::Event;
using core::Result;
using projections::Scenario;
using projections::ServiceScore;
using projections::ServiceScoreFold;

Result<core::ServiceName> only_service(const ReplaySource& source, const PastBase& base) {
  std::set<core::ServiceName> names;
  for (const auto& [name, service] : base.model.services) names.insert(name);
  auto read = read_source(source, base.first(), [&](const Event& event) {
    if (!event.service.empty()) names.insert(event.service);
    return true;
  });
  if (!read) return read.error();
  if (names.size() == 1) return *names.begin();
  if (names.empty()) return Error{ErrorCode::not_found, "the log holds no service"};
  std::string list;
  for (const core::ServiceName& name : names) list += (list.empty() ? "" : ", ") + name;
  return Error{ErrorCode::usage, "say which service: the log holds " + list};
}

projections::MeantFor meant_for(const core::ReplicaPolicy& policy) {
  return {policy.target_qps_per_replica.value_or(core::MilliRps{0}), policy.qps_window};
}

// What was recorded, read once: the scenario, and how the service did.
class Recorded {
 public:
  Recorded(const WhatIfQuestion& question, core::ServiceName service, projections::Model base)
      : question_(question), service_(service), scenario_(std::move(service), std::move(base)) {}

  bool add(const Event& event) {
    if (question_.until && question_.until->is_before(event)) return false;
    if (!score_ && begins_with(event)) begin(event);
    scenario_.add(event);
    if (score_) score_->add(event);
    end_ = event.time;
    return true;
  }

  bool has_begun() const { return score_.has_value(); }
  const core::Stamp& begin() const { return begin_; }
  const core::Stamp& end() const { return end_; }
  const core::ServiceSpec& spec() const { return spec_; }
  const projections::Evidence& evidence() const { return scenario_.evidence(); }
  ServiceScore score() const { return score_->end(end_.at); }
  Scenario take() { return scenario_.take(end_.at); }

 private:
  bool begins_with(const Event& event) const {
    const bool is_late_enough = !question_.since || question_.since->is_before(event);
    return is_late_enough && scenario_.starts_with(event);
  }

  void begin(const Event& event) {
    const auto* existing = projections::find_service(scenario_.model(), service_);
    spec_ = existing ? existing->spec() : std::get<core::ServiceRegistered>(event.body).spec;
    scenario_.begin(event.time);
    begin_ = event.time;
    score_.emplace(service_, scenario_.model(), event.time.at, meant_for(spec_.replicas));
  }

  const WhatIfQuestion& question_;
  const core::ServiceName service_;
  projections::RecordedScenario scenario_;
  std::optional<ServiceScoreFold> score_;
  core::ServiceSpec spec_;
  core::Stamp begin_, end_;
};

// The policy of every spec that is asked for, and of the one that runs already, is changed.
Result<Scenario> changed(Scenario scenario, const adapters::PolicyChange& change) {
  const auto change_spec = [&change](core::ServiceSpec& spec) -> Result<void> {
    auto policy = change.apply(spec);
    if (!policy) return policy.error();
    spec.replicas = std::move(*policy);
    return {};
  };
  for (projections::ScenarioCommand& command : scenario.commands) {
    Result<void> done;
    if (auto* up = std::get_if<core::UpRequested>(&command.command)) done = change_spec(up->spec);
    if (auto* update = std::get_if<core::UpdateRequested>(&command.command))
      done = change_spec(update->spec);
    if (!done) return done.error();
  }
  const auto* existing = projections::find_service(scenario.before, scenario.service);
  if (!existing) return scenario;
  const auto& version = existing->versions.at(existing->version);
  core::UpdateRequested update{version.spec, version.offers, core::UpdateMode::rolling, "what-if"};
  if (auto done = change_spec(update.spec); !done) return done.error();
  scenario.commands.insert(scenario.commands.begin(), {scenario.begin.at, std::move(update)});
  return scenario;
}

// One of the two runs, in pieces, so that it can be told how far they are.
ServiceScore simulate(const Scenario& scenario, projections::MeantFor meant_for,
                      const std::function<void(const Event&)>& visit,
                      const std::function<void(double)>& on_progress) {
  constexpr int pieces = 100;
  ServiceScoreFold fold(scenario.service, scenario.before, scenario.begin.at, meant_for);
  projections::Simulation simulation(scenario, [&](const Event& event) {
    fold.add(event);
    visit(event);
  });
  const core::Duration length = scenario.end - scenario.begin.at;
  for (int piece = 1; piece <= pieces; ++piece) {
    simulation.run(scenario.begin.at + length / pieces * piece);
    on_progress(static_cast<double>(piece) / pieces);
  }
  simulation.run();
  return fold.end(scenario.end);
}

// Every offer that the service may use in that scenario, by kind.
std::set<core::BlockKey> kinds_on_offer(const Scenario& scenario) {
  std::set<core::BlockKey> kinds;
  const auto add = [&kinds](const std::vector<core::Offer>& offers) {
    for (const core::Offer& offer : offers) kinds.insert(projections::key_of(offer));
  };
  for (const projections::ScenarioCommand& command : scenario.commands) {
    if (const auto* up = std::get_if<core::UpRequested>(&command.command)) add(up->offers);
    if (const auto* update = std::get_if<core::UpdateRequested>(&command.command))
      add(update->offers);
  }
  return kinds;
}

}  // namespace

Result<WhatIfAnswer> ask_what_if(const ReplaySource& source, const WhatIfQuestion& question,
                                 const std::function<void(double)>& on_progress) {
  auto base = oldest_base(source);
  if (!base) return base.error();
  say_where_past_begins(*base);
  core::ServiceName service = question.service;
  if (service.empty()) {
    auto only = only_service(source, *base);
    if (!only) return only.error();
    service = std::move(*only);
  }
  const core::Seq first = base->first();
  Recorded recorded(question, service, std::move(base->model));
  auto read = read_source(source, first, [&](const Event& event) { return recorded.add(event); });
  if (!read) return read.error();
  if (!recorded.has_begun())
    return Error{ErrorCode::not_found, "the log holds no service '" + service + "' at that time"};
  const auto policy = question.change.apply(recorded.spec());
  if (!policy) return policy.error();
  WhatIfAnswer answer{.service = service,
                      .begin = recorded.begin(),
                      .end = recorded.end(),
                      .is_sandbox = recorded.spec().sandbox.enabled,
                      .policy = recorded.spec().replicas,
                      .other_policy = *policy,
                      .recorded = recorded.score(),
                      .same = {},
                      .other = {},
                      .evidence = recorded.evidence(),
                      .left_out = question.change.left_out()};
  const projections::MeantFor yardstick = meant_for(answer.policy);
  const Scenario scenario = recorded.take();
  const auto other = changed(scenario, question.change);
  if (!other) return other.error();
  answer.provisioning = scenario.timings.provisioning.of({});
  answer.startup = scenario.timings.startup.of({});
  const auto has_evidence = [&answer](const core::BlockKey& kind) {
    return answer.evidence.kinds.contains(kind);
  };
  for (const core::BlockKey& kind : kinds_on_offer(*other))
    answer.offers_without_evidence += has_evidence(kind) ? 0 : 1;
  const auto tell = [&on_progress](double share) {
    if (on_progress) on_progress(share);
  };
  answer.same = simulate(
      scenario, yardstick, [](const Event&) {}, [&](double share) { tell(share / 2); });
  const auto note_evidence = [&](const Event& event) {
    const auto* intent = std::get_if<core::LaunchIntended>(&event.body);
    if (intent && !has_evidence(projections::key_of(intent->offer)))
      ++answer.launches_without_evidence;
  };
  answer.other =
      simulate(*other, yardstick, note_evidence, [&](double share) { tell((1 + share) / 2); });
  return answer;
}

}  // namespace sky::cli
