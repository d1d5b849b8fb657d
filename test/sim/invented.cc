#include "test/sim/invented.h"

#include <array>

namespace sky::sim {

using core::MilliRps;
using core::seconds;

namespace {

void invent_policy(Random& random, core::ServiceSpec& spec) {
  core::ReplicaPolicy& policy = spec.replicas;
  policy.min_replicas = random.between(0u, 3u);
  policy.max_replicas =
      policy.min_replicas + random.between(policy.min_replicas == 0 ? 1u : 0u, 4u);
  if (policy.min_replicas > 0 && random.percent(20)) policy.max_replicas.reset();
  policy.num_overprovision = random.percent(30) ? random.between(1u, 2u) : 0;
  policy.base_ondemand_fallback_replicas = random.between(0u, 2u);
  policy.dynamic_ondemand_fallback = random.percent(40);
  policy.placement =
      random.percent(50) ? core::Placement::spot_hedge : core::Placement::static_mixture;
  policy.target_qps_per_replica = MilliRps{random.between(300u, 1500u)};
  policy.target_qps_per_accelerator.clear();
  policy.target_concurrency_per_replica.reset();
  if (random.percent(20)) policy.target_concurrency_per_replica = random.between(1u, 4u);
  if (random.percent(20)) policy.target_qps_per_accelerator = {{"T4", MilliRps{800}}};
  policy.upscale_delay = seconds(random.between(0u, 60u));
  policy.downscale_delay = seconds(random.between(0u, 180u));
  policy.qps_window = seconds(random.between(5u, 60u));
  spec.rollout.max_surge = random.between(0u, 2u);
  spec.rollout.bake_time = seconds(random.between(0u, 30u));
  spec.no_paid_overflow = random.percent(30);
}

}  // namespace

core::ServiceSpec invent_service(Random& random, const core::ServiceName& name) {
  core::ServiceSpec spec;
  spec.name = name;
  spec.resources.choices.resize(1);
  spec.resources.choices[0].use_spot = random.percent(80);
  spec.resources.port = 8080;
  spec.task.run = random.percent(7) ? "broken" : "serve";
  spec.task.secret_names = {"KEY"};
  spec.probe.headers["Authorization"] = "Bearer $KEY";
  spec.probe.initial_delay = seconds(random.between(40u, 240u));
  spec.probe.timeout = seconds(random.between(1u, 15u));
  spec.probe.interval = seconds(random.between(30u, 120u));
  spec.probe.failure_window = seconds(random.between(20u, 180u));
  spec.balancer.hold_timeout = seconds(random.between(10u, 120u));
  spec.balancer.hold_limit = random.between(1u, 50u);
  if (random.percent(30)) spec.balancer.policy = core::BalancingPolicy::round_robin;
  spec.sandbox.enabled = true;
  invent_policy(random, spec);
  return spec;
}

core::ServiceSpec change_service(Random& random, const core::ServiceSpec& before) {
  core::ServiceSpec spec = before;
  const std::uint64_t what = random.below(3);
  if (what != 0)
    spec.task.run = random.percent(15) ? "broken" : "serve " + std::to_string(random.below(1000));
  if (what != 1) invent_policy(random, spec);
  return spec;
}

core::ServiceSpec calm_service(const core::ServiceSpec& before) {
  core::ServiceSpec spec = before;
  spec.task.run = "serve calmly";
  spec.no_paid_overflow = false;
  spec.probe.initial_delay = seconds(300);
  spec.replicas.min_replicas = 2;
  spec.replicas.max_replicas.reset();
  spec.replicas.target_concurrency_per_replica.reset();
  return spec;
}

core::ServiceSpec steady_service(const core::ServiceName& name, std::uint32_t replicas) {
  core::ServiceSpec spec;
  spec.name = name;
  spec.resources.choices.resize(1);
  spec.resources.port = 8080;
  spec.task.run = "serve";
  spec.replicas.min_replicas = replicas;
  spec.sandbox.enabled = true;
  return spec;
}

LoadPiece next_load(Random& random, const core::ServiceSpec& spec) {
  const std::int64_t unit = spec.replicas.target_qps_per_replica.value_or(MilliRps{1000}).value;
  const std::int64_t replicas = random.between(1u, 1 + spec.replicas.upper_limit());
  LoadPiece piece;
  switch (random.below(8)) {
    case 0: return {random.between(seconds(60), seconds(180)), {unit * replicas}, false};  // step
    case 1: return {random.between(seconds(5), seconds(20)), {unit * replicas * 3}, true};  // burst
    case 2:  // right at a threshold, up and down
      return {random.between(seconds(60), seconds(180)), {unit * replicas}, true};
    case 3: return {random.between(seconds(30), seconds(60)), {unit / 10 + 1}, false};
    default: return {random.between(seconds(300), seconds(1500)), {0}, false};
  }
}

CloudFaults invent_weather(Random& random) {
  CloudFaults faults;
  faults.has_limits = random.percent(60);
  faults.silent_loss_percent = random.percent(50) ? random.between(0u, 60u) : 0;
  faults.slowest_start = seconds(random.between(5u, 60u));
  if (random.percent(30)) return faults;  // fair
  faults.refused_percent = random.between(0u, 60u);
  faults.termination_failed_percent = random.percent(10) ? 95 : random.between(0u, 40u);
  faults.lost_percent = random.between(0u, 15u);
  faults.late_percent = random.between(0u, 15u);
  faults.doubled_percent = random.between(0u, 20u);
  faults.never_serves_percent = random.percent(30) ? random.between(0u, 50u) : 0;
  return faults;
}

DiskFaults invent_disk(Random& random) {
  DiskFaults faults;
  if (random.percent(50)) return faults;
  constexpr std::array<std::uint32_t, 4> rates = {0, 1, 2, 10};
  faults.full_per_mille = random.one_of(rates);
  faults.broken_sync_per_mille = random.one_of(rates);
  faults.rot_percent = random.between(0u, 30u);
  return faults;
}

cli::RetentionPolicy invent_retention(Random& random) {
  cli::RetentionPolicy policy;
  if (random.percent(25)) policy.max_age = random.between(seconds(600), seconds(3600));
  if (random.percent(15)) policy.max_bytes = random.between(200'000u, 2'000'000u);
  return policy;
}

}  // namespace sky::sim
