// Wire form and core value: the service spec.
#include "events/wire.h"

namespace sky::events {

void write(wire::Amount::Builder to, const core::Amount& from) {
  const auto& [value, at_least] = from;
  to.setValue(value);
  to.setAtLeast(at_least);
}

void read(wire::Amount::Reader from, core::Amount& to) {
  to.value = from.getValue();
  to.at_least = from.getAtLeast();
}

void write(wire::ResourceRequest::Builder to, const core::ResourceRequest& from) {
  const auto& [accelerators, accelerators_ordered, vcpus, memory_mib, instance_type, place,
               use_spot, disk_size_gb, image_id, labels, max_hourly_cost] = from;
  write_list(to.initAccelerators(count(accelerators)), accelerators);
  to.setAcceleratorsOrdered(accelerators_ordered);
  write(to.initVcpus(), vcpus);
  write(to.initMemoryMib(), memory_mib);
  to.setInstanceType(as_text(instance_type));
  write(to.initPlace(), place);
  to.setUseSpot(use_spot);
  to.setDiskSizeGb(disk_size_gb);
  to.setImageId(as_text(image_id));
  write_pairs(to.initLabels(count(labels)), labels);
  to.setHasMaxHourlyCost(max_hourly_cost.has_value());
  if (max_hourly_cost) to.setMaxHourlyCostMicroUsd(max_hourly_cost->micro_usd_per_hour);
}

void read(wire::ResourceRequest::Reader from, core::ResourceRequest& to) {
  read_list(from.getAccelerators(), to.accelerators);
  to.accelerators_ordered = from.getAcceleratorsOrdered();
  read(from.getVcpus(), to.vcpus);
  read(from.getMemoryMib(), to.memory_mib);
  assign(to.instance_type, from.getInstanceType());
  read(from.getPlace(), to.place);
  to.use_spot = from.getUseSpot();
  to.disk_size_gb = from.getDiskSizeGb();
  assign(to.image_id, from.getImageId());
  read_pairs(from.getLabels(), to.labels);
  if (from.getHasMaxHourlyCost()) to.max_hourly_cost = core::Price{from.getMaxHourlyCostMicroUsd()};
}

void write(wire::Resources::Builder to, const core::Resources& from) {
  const auto& [choices, ordered, port] = from;
  write_list(to.initChoices(count(choices)), choices);
  to.setOrdered(ordered);
  to.setPort(port);
}

void read(wire::Resources::Reader from, core::Resources& to) {
  read_list(from.getChoices(), to.choices);
  to.ordered = from.getOrdered();
  to.port = from.getPort();
}

void write(wire::ReadinessProbe::Builder to, const core::ReadinessProbe& from) {
  const auto& [path, post_data, headers, initial_delay, timeout, interval, failure_window] = from;
  to.setPath(as_text(path));
  to.setHasPostData(post_data.has_value());
  if (post_data) to.setPostData(as_text(*post_data));
  write_pairs(to.initHeaders(count(headers)), headers);
  to.setInitialDelayUs(initial_delay.count());
  to.setTimeoutUs(timeout.count());
  to.setIntervalUs(interval.count());
  to.setFailureWindowUs(failure_window.count());
}

void read(wire::ReadinessProbe::Reader from, core::ReadinessProbe& to) {
  assign(to.path, from.getPath());
  if (from.getHasPostData()) to.post_data = to_string(from.getPostData());
  read_pairs(from.getHeaders(), to.headers);
  to.initial_delay = core::Duration(from.getInitialDelayUs());
  to.timeout = core::Duration(from.getTimeoutUs());
  to.interval = core::Duration(from.getIntervalUs());
  to.failure_window = core::Duration(from.getFailureWindowUs());
}

void write(wire::MarketPolicy::Builder to, const core::MarketPolicy& from) {
  const auto& [rule, extra, forgives_late, fixed_on_demand, weights, availability_ppm, knows_age,
               splits, probe_every] = from;
  const auto& [any, share, square] = weights;
  to.setRule(to_wire<wire::MarketRule>(rule));
  to.setExtra(extra);
  to.setForgivesLate(forgives_late);
  to.setFixedOnDemand(fixed_on_demand);
  to.setRiskOfAny(any);
  to.setRiskOfShare(share);
  to.setRiskOfSquare(square);
  to.setAvailabilityPpm(availability_ppm);
  to.setKnowsAge(knows_age);
  to.setSplits(splits);
  to.setProbeEveryUs(probe_every.count());
}

void read(wire::MarketPolicy::Reader from, core::MarketPolicy& to) {
  to.rule = known(from.getRule(), core::MarketRule::hazard_hedge);
  to.extra = from.getExtra();
  to.forgives_late = from.getForgivesLate();
  to.fixed_on_demand = from.getFixedOnDemand();
  to.weights = {from.getRiskOfAny(), from.getRiskOfShare(), from.getRiskOfSquare()};
  to.availability_ppm = from.getAvailabilityPpm();
  to.knows_age = from.getKnowsAge();
  to.splits = from.getSplits();
  to.probe_every = core::Duration(from.getProbeEveryUs());
}

void write(wire::ReplicaPolicy::Builder to, const core::ReplicaPolicy& from) {
  const auto& [min_replicas, max_replicas, num_overprovision, target_qps_per_replica,
               target_qps_per_accelerator, upscale_delay, downscale_delay,
               base_ondemand_fallback_replicas, dynamic_ondemand_fallback, placement, qps_window,
               target_concurrency_per_replica, market] = from;
  to.setMinReplicas(min_replicas);
  to.setHasMaxReplicas(max_replicas.has_value());
  if (max_replicas) to.setMaxReplicas(*max_replicas);
  to.setNumOverprovision(num_overprovision);
  to.setHasTargetQpsPerReplica(target_qps_per_replica.has_value());
  if (target_qps_per_replica) to.setTargetQpsPerReplicaMilliRps(target_qps_per_replica->value);
  write_rates(to.initTargetQpsPerAccelerator(count(target_qps_per_accelerator)),
              target_qps_per_accelerator);
  to.setUpscaleDelayUs(upscale_delay.count());
  to.setDownscaleDelayUs(downscale_delay.count());
  to.setBaseOndemandFallbackReplicas(base_ondemand_fallback_replicas);
  to.setDynamicOndemandFallback(dynamic_ondemand_fallback);
  to.setPlacement(to_wire<wire::Placement>(placement));
  to.setQpsWindowUs(qps_window.count());
  to.setHasTargetConcurrencyPerReplica(target_concurrency_per_replica.has_value());
  if (target_concurrency_per_replica)
    to.setTargetConcurrencyPerReplica(*target_concurrency_per_replica);
  if (market != core::MarketPolicy{}) write(to.initMarket(), market);
}

void read(wire::ReplicaPolicy::Reader from, core::ReplicaPolicy& to) {
  to.min_replicas = from.getMinReplicas();
  if (from.getHasMaxReplicas()) to.max_replicas = from.getMaxReplicas();
  to.num_overprovision = from.getNumOverprovision();
  if (from.getHasTargetQpsPerReplica())
    to.target_qps_per_replica = core::MilliRps{from.getTargetQpsPerReplicaMilliRps()};
  read_rates(from.getTargetQpsPerAccelerator(), to.target_qps_per_accelerator);
  to.upscale_delay = core::Duration(from.getUpscaleDelayUs());
  to.downscale_delay = core::Duration(from.getDownscaleDelayUs());
  to.base_ondemand_fallback_replicas = from.getBaseOndemandFallbackReplicas();
  to.dynamic_ondemand_fallback = from.getDynamicOndemandFallback();
  to.placement = known(from.getPlacement(), core::Placement::market);
  to.qps_window = core::Duration(from.getQpsWindowUs());
  if (from.getHasTargetConcurrencyPerReplica())
    to.target_concurrency_per_replica = from.getTargetConcurrencyPerReplica();
  if (from.hasMarket()) read(from.getMarket(), to.market);
}

void write(wire::EndpointLimits::Builder to, const core::EndpointLimits& from) {
  const auto& [head, body, keep_alive, connect, first_byte, connections, head_bytes, body_bytes] =
      from;
  to.setHeadTimeoutUs(head.count());
  to.setBodyTimeoutUs(body.count());
  to.setKeepAliveTimeoutUs(keep_alive.count());
  to.setConnectTimeoutUs(connect.count());
  to.setFirstByteTimeoutUs(first_byte.count());
  to.setMaxConnections(connections);
  to.setMaxHeadBytes(head_bytes);
  to.setMaxBodyBytes(body_bytes);
}

void read(wire::EndpointLimits::Reader from, core::EndpointLimits& to) {
  to.head_timeout = core::Duration(from.getHeadTimeoutUs());
  to.body_timeout = core::Duration(from.getBodyTimeoutUs());
  to.keep_alive_timeout = core::Duration(from.getKeepAliveTimeoutUs());
  to.connect_timeout = core::Duration(from.getConnectTimeoutUs());
  to.first_byte_timeout = core::Duration(from.getFirstByteTimeoutUs());
  to.max_connections = from.getMaxConnections();
  to.max_head_bytes = from.getMaxHeadBytes();
  to.max_body_bytes = from.getMaxBodyBytes();
}

void write(wire::LoadBalancerSpec::Builder to, const core::LoadBalancerSpec& from) {
  const auto& [policy, stream_timeout, hold_timeout, hold_limit, retry_non_idempotent,
               max_concurrency, affinity, affinity_name, slow_start, eject_after, limits, tls,
               api_keys_file, api_keys_env] = from;
  to.setPolicy(to_wire<wire::BalancingPolicy>(policy));
  to.setStreamTimeoutUs(stream_timeout.count());
  to.setHoldTimeoutUs(hold_timeout.count());
  to.setHoldLimit(hold_limit);
  to.setRetryNonIdempotent(retry_non_idempotent);
  to.setMaxConcurrencyPerReplica(max_concurrency);
  to.setAffinity(to_wire<wire::Affinity>(affinity));
  to.setAffinityName(as_text(affinity_name));
  to.setSlowStartUs(slow_start.count());
  to.setEjectAfterFailures(eject_after);
  write(to.initLimits(), limits);
  to.setTlsKeyFile(as_text(tls.key_file));
  to.setTlsCertFile(as_text(tls.cert_file));
  to.setApiKeysFile(as_text(api_keys_file));
  to.setApiKeysEnv(as_text(api_keys_env));
}

void read(wire::LoadBalancerSpec::Reader from, core::LoadBalancerSpec& to) {
  to.policy = known(from.getPolicy(), core::BalancingPolicy::instance_aware_least_load);
  to.stream_timeout = core::Duration(from.getStreamTimeoutUs());
  to.hold_timeout = core::Duration(from.getHoldTimeoutUs());
  to.hold_limit = from.getHoldLimit();
  to.retry_non_idempotent = from.getRetryNonIdempotent();
  to.max_concurrency_per_replica = from.getMaxConcurrencyPerReplica();
  const auto affinity = static_cast<std::uint16_t>(from.getAffinity());
  if (affinity <= static_cast<std::uint16_t>(core::Affinity::cookie)) {  // else: of a later version
    to.affinity = static_cast<core::Affinity>(affinity);
  }
  assign(to.affinity_name, from.getAffinityName());
  to.slow_start = core::Duration(from.getSlowStartUs());
  to.eject_after_failures = from.getEjectAfterFailures();
  read(from.getLimits(), to.limits);
  assign(to.tls.key_file, from.getTlsKeyFile());
  assign(to.tls.cert_file, from.getTlsCertFile());
  assign(to.api_keys_file, from.getApiKeysFile());
  assign(to.api_keys_env, from.getApiKeysEnv());
}

void write(wire::RolloutPolicy::Builder to, const core::RolloutPolicy& from) {
  const auto& [max_surge, bake_time] = from;
  to.setMaxSurge(max_surge);
  to.setBakeTimeUs(bake_time.count());
}

void read(wire::RolloutPolicy::Reader from, core::RolloutPolicy& to) {
  to.max_surge = from.getMaxSurge();
  to.bake_time = core::Duration(from.getBakeTimeUs());
}

void write(wire::Task::Builder to, const core::Task& from) {
  const auto& [envs, secret_names, setup, run, workdir] = from;
  write_pairs(to.initEnvs(count(envs)), envs);
  write_texts(to.initSecretNames(count(secret_names)), secret_names);
  to.setSetup(as_text(setup));
  to.setRun(as_text(run));
  to.setWorkdir(as_text(workdir));
}

void read(wire::Task::Reader from, core::Task& to) {
  read_pairs(from.getEnvs(), to.envs);
  read_texts(from.getSecretNames(), to.secret_names);
  assign(to.setup, from.getSetup());
  assign(to.run, from.getRun());
  assign(to.workdir, from.getWorkdir());
}

void write(wire::Sandbox::Builder to, const core::Sandbox& from) {
  const auto& [enabled, speed_percent, market_seed] = from;
  to.setEnabled(enabled);
  to.setSpeedPercent(speed_percent);
  to.setMarketSeed(market_seed);
}

void read(wire::Sandbox::Reader from, core::Sandbox& to) {
  to.enabled = from.getEnabled();
  to.speed_percent = from.getSpeedPercent();
  to.market_seed = from.getMarketSeed();
}

void write(wire::ServiceSpec::Builder to, const core::ServiceSpec& from) {
  const auto& [name, resources, probe, replicas, balancer, rollout, task, sandbox,
               no_paid_overflow] = from;
  to.setName(as_text(name));
  write(to.initResources(), resources);
  write(to.initProbe(), probe);
  write(to.initReplicas(), replicas);
  write(to.initBalancer(), balancer);
  write(to.initRollout(), rollout);
  write(to.initTask(), task);
  write(to.initSandbox(), sandbox);
  to.setNoPaidOverflow(no_paid_overflow);
}

void read(wire::ServiceSpec::Reader from, core::ServiceSpec& to) {
  assign(to.name, from.getName());
  read(from.getResources(), to.resources);
  read(from.getProbe(), to.probe);
  read(from.getReplicas(), to.replicas);
  read(from.getBalancer(), to.balancer);
  read(from.getRollout(), to.rollout);
  read(from.getTask(), to.task);
  read(from.getSandbox(), to.sandbox);
  to.no_paid_overflow = from.getNoPaidOverflow();
}

}  // namespace sky::events
