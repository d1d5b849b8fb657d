#include "test/projections/random_world.h"

#include <algorithm>
#include <iterator>

#include "core/policies/policy_name.h"

namespace sky::projections {

using core::seconds;

RandomWorld::RandomWorld(std::uint64_t seed) : random_(seed) {
  world.provisioning = core::milliseconds(below(8000));
  world.startup = core::milliseconds(below(8000));
  world.draining = core::milliseconds(below(6000));
  world.terminating = core::milliseconds(below(4000));
  world.refuse = [this](const core::LaunchInstance&) { return refusal(); };
  world.crashes = [this](const core::LaunchInstance&) { return below(100) < crash_percent_; };
  world.keep = [this](const core::TerminateInstance&) -> std::optional<core::Failure> {
    if (below(100) >= 5) return {};
    return core::Failure{core::FailureKind::transient, {}, "try again", {}};
  };
}

std::uint32_t RandomWorld::below(std::uint32_t limit) {
  return static_cast<std::uint32_t>(random_() % std::max(1u, limit));
}

core::ServiceSpec RandomWorld::spec() {
  core::ServiceSpec made = usual_spec();
  core::ReplicaPolicy& policy = made.replicas;
  policy.min_replicas = below(4);
  policy.max_replicas = policy.min_replicas + below(5);
  policy.num_overprovision = below(3);
  policy.base_ondemand_fallback_replicas = below(4);
  policy.dynamic_ondemand_fallback = below(2) == 0;
  policy.upscale_delay = seconds(below(20));
  policy.downscale_delay = seconds(below(30));
  policy.placement = below(2) == 0 ? core::Placement::spot_hedge : core::Placement::static_mixture;
  const auto& names = core::policy_names();
  if (below(3) == 0) {
    policy.placement = core::Placement::market;
    policy.market = *core::parse_policy(names[below(static_cast<std::uint32_t>(names.size()))]);
    if (below(3) == 0) core::follow_availability(policy.market, 995'000);
    policy.num_overprovision = 0;
  }
  if (below(4) == 0) policy.target_concurrency_per_replica = below(3);
  if (below(5) == 0) policy.target_qps_per_accelerator = {{"T4", core::MilliRps{1500}}};
  made.resources.choices[0].use_spot = below(5) != 0;
  made.no_paid_overflow = below(4) == 0;
  made.rollout.max_surge = below(3);
  made.rollout.bake_time = seconds(below(10));
  made.probe.initial_delay = seconds(10 + below(40));
  return made;
}

void RandomWorld::begin() {
  newest_ = spec();
  note_bound(newest_);
  world.up(newest_);
}

void RandomWorld::live(int steps) {
  for (int i = 0; i < steps; ++i) {
    act();
    world.pass(core::milliseconds(below(9000)));
  }
}

std::optional<core::Failure> RandomWorld::refusal() {
  if (below(100) >= refuse_percent_) return {};
  using enum core::FailureKind;
  constexpr core::FailureKind kinds[] = {capacity,  capacity,    capacity,      quota,    price,
                                         throttled, transient,   indeterminate, conflict, auth,
                                         forbidden, unsupported, invalid};
  return core::Failure{kinds[below(std::size(kinds))], {}, "the cloud says no", {}};
}

void RandomWorld::note_bound(const core::ServiceSpec& made) {
  const core::ReplicaPolicy& policy = made.replicas;
  const std::size_t wanted = std::max(policy.upper_limit(), policy.base_ondemand_fallback_replicas);
  const std::size_t total = wanted + policy.num_overprovision +
                            (policy.dynamic_ondemand_fallback ? wanted : 0) +
                            (policy.placement == core::Placement::market ? 2 * wanted + 6 : 0) +
                            std::max(1u, made.rollout.max_surge);
  bound_ = std::max(bound_, total);
  most_wanted_ = std::max(most_wanted_, total);
}

std::uint32_t RandomWorld::some_replica() {
  const auto& replicas = world.service().replicas;
  if (replicas.empty()) return 0;
  auto row = replicas.begin();
  std::advance(row, below(static_cast<std::uint32_t>(replicas.size())));
  return row->first.value;
}

void RandomWorld::act() {
  switch (below(12)) {
    case 0:
    case 1: world.arrivals["llama"] = below(8); break;
    case 2: world.arrivals["llama"] = 0; break;
    case 3: refuse_percent_ = below(60); break;
    case 4: crash_percent_ = below(3) == 0 ? below(50) : 0; break;
    case 5:
    case 6: happen(core::InstanceChange::noticed); break;
    case 7: happen(core::InstanceChange::preempted); break;
    case 8:
      happen(below(2) == 0 ? core::InstanceChange::lost : core::InstanceChange::user_code_ended);
      break;
    case 9: world.restart(core::milliseconds(below(5000))); break;
    case 10: update(); break;
    case 11:
      world.send(core::HoldReported{"llama", 1 + below(3), below(2), "nothing is ready"});
      break;
  }
}

void RandomWorld::happen(core::InstanceChange what) {
  const std::uint32_t id = some_replica();
  if (id != 0 && world.machine(id)) world.change(id, what, seconds(1 + below(30)));
}

void RandomWorld::update() {
  core::ServiceSpec next = below(2) == 0 ? spec() : newest_;
  if (below(2) == 0) next.task.run = "version " + std::to_string(below(1000));
  next.resources = newest_.resources;
  newest_ = next;
  note_bound(next);
  const auto mode = below(3) == 0 ? core::UpdateMode::blue_green : core::UpdateMode::rolling;
  if (mode == core::UpdateMode::blue_green) bound_ = 2 * most_wanted_ + bound_;
  const core::RequestId id = below(2) == 0 ? "" : "update-" + std::to_string(world.events.size());
  world.send(core::UpdateRequested{next, world.offers, mode, "ada", id});
}

}  // namespace sky::projections
