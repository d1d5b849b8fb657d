#include "projections/step.h"

#include <algorithm>

#include "projections/decide.h"
#include "projections/ingest.h"
#include "projections/recorder.h"

namespace sky::projections {
namespace {

// Besides the one at the start: finds what no answer told us.
constexpr core::Duration sweep_interval = core::seconds(300);

// A decision may make the next one possible; a few rounds are the most that were ever needed
// (test/projections/worlds_test.cc). What is left after so many is decided at the next instant.
constexpr int max_rounds = 16;

struct Ingest {
  Recorder& recorder;
  Touched& touched;

  void operator()(const core::Tick&) {}
  void operator()(const core::Started& input) {
    ingest_start(recorder, touched, input);
    sweep();
  }
  void operator()(const core::Stopping& input) {
    recorder.record({.actor = core::Actor::daemon}, core::DaemonStopped{input.reason});
  }
  void operator()(const core::LogTended& input) {
    recorder.record({.actor = core::Actor::daemon}, input.fact);
  }
  void operator()(const core::ProbeReturned& input) { ingest_probe(recorder, touched, input); }
  void operator()(const core::UpRequested& input) { ingest_user(recorder, touched, input); }
  void operator()(const core::UpdateRequested& input) { ingest_user(recorder, touched, input); }
  void operator()(const core::DownRequested& input) { ingest_user(recorder, touched, input); }
  void operator()(const core::PreemptRequested& input) { ingest_user(recorder, touched, input); }
  void operator()(const core::LaunchAnswered& input) { ingest_cloud(recorder, touched, input); }
  void operator()(const core::TerminateAnswered& input) { ingest_cloud(recorder, touched, input); }
  void operator()(const core::InstanceChanged& input) { ingest_cloud(recorder, touched, input); }
  void operator()(const core::InstancesListed& input) { ingest_cloud(recorder, touched, input); }
  void operator()(const core::OrphanTerminated& input) { ingest_cloud(recorder, touched, input); }
  template <class FromEndpoint>
  void operator()(const FromEndpoint& input) {
    ingest_endpoint(recorder, touched, input);
  }

  void sweep() {
    recorder.order(core::SweepInstances{});
    recorder.notes().next_sweep.value = recorder.now() + sweep_interval;
  }
};

void touch_what_is_due(const Recorder& recorder, Touched& touched) {
  for (const auto& [name, service] : recorder.model().services)
    if (service.wake_at.value && *service.wake_at.value <= recorder.now()) touched.insert(name);
}

void decide(Recorder& recorder, const core::ServiceName& name) {
  if (recorder.service(name)) recorder.notes().services.at(name).planned.value.reset();
  for (int round = 0; round < max_rounds; ++round) {
    const std::size_t before = recorder.event_count();
    const auto run = [&](auto pass) {
      if (recorder.service(name)) pass(recorder, name);
    };
    if (!recorder.service(name)) return;
    recorder.notes().services.at(name).wake_at.value.reset();
    run(decide_health);
    run(decide_rollback);
    run(decide_scale);
    run(decide_fleet);
    run(decide_launches);
    run(decide_removal);
    if (recorder.event_count() == before) return;
  }
  recorder.wake(name, recorder.now() + core::seconds(1));
}

std::optional<core::Instant> next_wake(const Model& model) {
  std::optional<core::Instant> earliest = model.next_sweep.value;
  for (const auto& [name, service] : model.services) {
    const auto& at = service.wake_at.value;
    if (at && (!earliest || *at < *earliest)) earliest = at;
  }
  return earliest;
}

}  // namespace

Step step(Model& model, const core::Input& input) {
  Step result;
  Recorder recorder(model, input.now, result);
  Touched touched;
  Ingest ingest{recorder, touched};
  std::visit(ingest, input.body);
  const auto& next_sweep = model.next_sweep.value;
  if (next_sweep && recorder.now() >= *next_sweep) ingest.sweep();
  touch_what_is_due(recorder, touched);
  for (const core::ServiceName& name : touched) decide(recorder, name);
  result.wake_at = next_wake(model);
  return result;
}

}  // namespace sky::projections
