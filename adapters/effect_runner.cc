#include "adapters/effect_runner.h"

#include <utility>

namespace sky::adapters {
namespace {

core::Failure not_configured(const std::string& cloud, bool is_sandbox) {
  const std::string where = is_sandbox ? "The sandbox has no cloud '" : "No credentials for '";
  return {core::FailureKind::unsupported, core::FailureScope::cloud,
          where + cloud + "': it is not configured in this daemon.", core::Duration{0}};
}

}  // namespace

EffectRunner::EffectRunner(Edges edges)
    : edges_(std::move(edges)), is_alive_(std::make_shared<bool>(true)) {}

EffectRunner::~EffectRunner() { *is_alive_ = false; }

void EffectRunner::add_cloud(Cloud& cloud, bool is_sandbox) {
  clouds_.push_back({&cloud, is_sandbox});
}

void EffectRunner::run(const core::Effect& effect) {
  struct Visitor {
    EffectRunner& runner;
    void operator()(const core::LaunchInstance& order) { runner.launch(order); }
    void operator()(const core::TerminateInstance& order) { runner.terminate(order); }
    void operator()(const core::SweepInstances&) { runner.sweep(); }
    void operator()(const core::TerminateOrphan& order) { runner.terminate_orphan(order); }
    void operator()(const core::ProbeNow& order) {
      runner.edges_.probe_now(order.service, order.replica);
    }
    void operator()(const core::PreemptInstance& order) { runner.preempt(order); }
  };
  std::visit(Visitor{*this}, effect);
}

Cloud* EffectRunner::find(const std::string& name, bool is_sandbox) const {
  for (const Entry& entry : clouds_) {
    if (entry.is_sandbox == is_sandbox && entry.cloud->name() == name) return entry.cloud;
  }
  return nullptr;
}

void EffectRunner::answer_later(core::InputBody body) {
  edges_.scheduler.post([this, alive = is_alive_, body = std::move(body)] {
    if (*alive) edges_.sink(body);
  });
}

void EffectRunner::launch(const core::LaunchInstance& order) {
  const LaunchKey key{order.service, order.replica, order.attempt};
  if (!launching_.insert(key).second) return;  // the one under way answers
  core::LaunchAnswered answer{order.service, order.replica, order.attempt, {}};
  const bool is_sandbox = order.spec.sandbox.enabled;
  Cloud* cloud = find(order.offer.place.cloud, is_sandbox);
  auto secrets = edges_.secrets(order.service, order.version);
  if (cloud == nullptr || !secrets) {
    launching_.erase(key);
    answer.outcome = cloud == nullptr
                         ? not_configured(order.offer.place.cloud, is_sandbox)
                         : core::Failure{core::FailureKind::invalid, core::FailureScope::account,
                                         secrets.error().text, core::Duration{0}};
    return answer_later(answer);
  }
  cloud->launch(order, *secrets, [this, alive = is_alive_, key, answer](auto outcome) mutable {
    if (!*alive) return;
    launching_.erase(key);
    answer.outcome = std::move(outcome);
    edges_.sink(std::move(answer));
  });
}

void EffectRunner::terminate(const core::TerminateInstance& order) {
  core::TerminateAnswered answer{order.service, order.replica, {}};
  Cloud* cloud = find(order.offer.place.cloud, order.sandbox);
  if (cloud == nullptr) {
    answer.outcome = not_configured(order.offer.place.cloud, order.sandbox);
    return answer_later(answer);
  }
  cloud->terminate(order, [this, alive = is_alive_, answer](auto outcome) mutable {
    if (!*alive) return;
    answer.outcome = std::move(outcome);
    edges_.sink(std::move(answer));
  });
}

void EffectRunner::sweep() {
  for (const Entry& entry : clouds_) {
    core::InstancesListed answer{entry.cloud->name(), {}, edges_.now(), entry.is_sandbox};
    entry.cloud->list([this, alive = is_alive_, answer](auto outcome) mutable {
      auto* instances = std::get_if<std::vector<core::ListedInstance>>(&outcome);
      // A cloud that cannot be asked proves nothing about what it holds: no answer, no verdict.
      if (!*alive || instances == nullptr) return;
      answer.instances = std::move(*instances);
      edges_.sink(std::move(answer));
    });
  }
}

void EffectRunner::terminate_orphan(const core::TerminateOrphan& order) {
  Cloud* cloud = find(order.place.cloud, order.sandbox);
  if (cloud == nullptr) return;  // the next sweep finds it again when somebody can end it
  cloud->terminate_orphan(order, [this, alive = is_alive_, order](auto outcome) {
    if (!*alive || !std::holds_alternative<std::monostate>(outcome)) return;
    edges_.sink(core::OrphanTerminated{order.instance_id});
  });
}

void EffectRunner::preempt(const core::PreemptInstance& order) {
  if (Cloud* cloud = find(order.offer.place.cloud, true)) cloud->preempt(order);
}

}  // namespace sky::adapters
