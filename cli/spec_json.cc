// A service's spec as JSON (cli/event_body_json.h).
#include "cli/event_body_json.h"
#include "core/policies/policy_name.h"

namespace sky::cli {
namespace {

using adapters::JsonWriter;

std::int64_t us(core::Duration duration) { return duration.count(); }

void write_texts(JsonWriter& json, const std::map<std::string, std::string>& texts) {
  json.begin_object();
  for (const auto& [key, value] : texts) json.member(key, value);
  json.end_object();
}

void write_amount(JsonWriter& json, const char* key, const core::Amount& amount) {
  json.key(key)
      .begin_object()
      .member("value", amount.value)
      .member("at_least", amount.at_least)
      .end_object();
}

void write_request(JsonWriter& json, const core::ResourceRequest& request) {
  json.begin_object().key("accelerators").begin_array();
  for (const core::Accelerator& accelerator : request.accelerators)
    json.begin_object()
        .member("name", accelerator.name)
        .member("count", accelerator.count)
        .end_object();
  json.end_array().member("accelerators_ordered", request.accelerators_ordered);
  write_amount(json, "vcpus", request.vcpus);
  write_amount(json, "memory_mib", request.memory_mib);
  json.member("instance_type", request.instance_type)
      .member("cloud", request.place.cloud)
      .member("region", request.place.region)
      .member("zone", request.place.zone)
      .member("use_spot", request.use_spot)
      .member("disk_size_gb", request.disk_size_gb)
      .member("image_id", request.image_id)
      .key("labels");
  write_texts(json, request.labels);
  json.key("max_usd_per_hour");
  if (request.max_hourly_cost)
    json.number(request.max_hourly_cost->usd_per_hour());
  else
    json.null();
  json.end_object();
}

// Header values may be credentials written into the file in clear: only the names are shown.
void write_probe(JsonWriter& json, const core::ReadinessProbe& probe) {
  json.begin_object().member("path", probe.path).key("post_data");
  if (probe.post_data)
    json.text(*probe.post_data);
  else
    json.null();
  json.key("header_names").begin_array();
  for (const auto& [name, value] : probe.headers) json.text(name);
  json.end_array()
      .member("initial_delay_us", us(probe.initial_delay))
      .member("timeout_us", us(probe.timeout))
      .member("interval_us", us(probe.interval))
      .member("failure_window_us", us(probe.failure_window))
      .end_object();
}

void write_policy(JsonWriter& json, const core::ReplicaPolicy& policy) {
  json.begin_object().member("min_replicas", policy.min_replicas).key("max_replicas");
  if (policy.max_replicas)
    json.unsigned_integer(*policy.max_replicas);
  else
    json.null();
  json.member("num_overprovision", policy.num_overprovision).key("target_milli_rps_per_replica");
  if (policy.target_qps_per_replica)
    json.integer(policy.target_qps_per_replica->value);
  else
    json.null();
  json.key("target_milli_rps_per_accelerator").begin_object();
  for (const auto& [name, rate] : policy.target_qps_per_accelerator) json.member(name, rate.value);
  json.end_object().key("target_concurrency_per_replica");
  if (policy.target_concurrency_per_replica)
    json.unsigned_integer(*policy.target_concurrency_per_replica);
  else
    json.null();
  json.member("qps_window_us", us(policy.qps_window))
      .member("upscale_delay_us", us(policy.upscale_delay))
      .member("downscale_delay_us", us(policy.downscale_delay))
      .member("base_ondemand_fallback_replicas", policy.base_ondemand_fallback_replicas)
      .member("dynamic_ondemand_fallback", policy.dynamic_ondemand_fallback)
      .member("placement", core::placement_text(policy))
      .end_object();
}

const char* policy_name(core::BalancingPolicy policy) {
  switch (policy) {
    case core::BalancingPolicy::round_robin: return "round_robin";
    case core::BalancingPolicy::instance_aware_least_load: return "instance_aware_least_load";
    case core::BalancingPolicy::least_load:
    case core::BalancingPolicy::unknown: break;
  }
  return "least_load";
}

const char* affinity_name(core::Affinity affinity) {
  switch (affinity) {
    case core::Affinity::none: break;
    case core::Affinity::prefix: return "prefix";
    case core::Affinity::header: return "header";
    case core::Affinity::cookie: return "cookie";
  }
  return "none";
}

void write_limits(JsonWriter& json, const core::EndpointLimits& limits) {
  json.begin_object()
      .member("head_timeout_us", us(limits.head_timeout))
      .member("body_timeout_us", us(limits.body_timeout))
      .member("keep_alive_timeout_us", us(limits.keep_alive_timeout))
      .member("connect_timeout_us", us(limits.connect_timeout))
      .member("first_byte_timeout_us", us(limits.first_byte_timeout))
      .member("max_connections", limits.max_connections)
      .member("max_head_bytes", limits.max_head_bytes)
      .member("max_body_bytes", limits.max_body_bytes)
      .end_object();
}

void write_balancer(JsonWriter& json, const core::LoadBalancerSpec& balancer) {
  json.begin_object()
      .member("policy", policy_name(balancer.policy))
      .member("stream_timeout_us", us(balancer.stream_timeout))
      .member("hold_timeout_us", us(balancer.hold_timeout))
      .member("hold_limit", balancer.hold_limit)
      .member("retry_non_idempotent", balancer.retry_non_idempotent)
      .member("max_concurrency_per_replica", balancer.max_concurrency_per_replica)
      .member("affinity", affinity_name(balancer.affinity))
      .member("affinity_name", balancer.affinity_name)
      .member("slow_start_us", us(balancer.slow_start))
      .member("eject_after_failures", balancer.eject_after_failures)
      .member("tls_key_file", balancer.tls.key_file)
      .member("tls_cert_file", balancer.tls.cert_file)
      .member("api_keys_file", balancer.api_keys_file)
      .member("api_keys_env", balancer.api_keys_env)
      .key("limits");
  write_limits(json, balancer.limits);
  json.end_object();
}

// Values of envs are the user's own and often tokens all the same: names only.
void write_task(JsonWriter& json, const core::Task& task) {
  json.begin_object().key("env_names").begin_array();
  for (const auto& [name, value] : task.envs) json.text(name);
  json.end_array().key("secret_names").begin_array();
  for (const std::string& name : task.secret_names) json.text(name);
  json.end_array()
      .member("setup", task.setup)
      .member("run", task.run)
      .member("workdir", task.workdir)
      .end_object();
}

}  // namespace

void write_spec(JsonWriter& json, const core::ServiceSpec& spec) {
  json.begin_object().member("name", spec.name).key("resources").begin_object();
  json.member("ordered", spec.resources.ordered)
      .member("port", std::uint32_t{spec.resources.port})
      .key("choices")
      .begin_array();
  for (const core::ResourceRequest& request : spec.resources.choices) write_request(json, request);
  json.end_array().end_object().key("readiness_probe");
  write_probe(json, spec.probe);
  json.key("replica_policy");
  write_policy(json, spec.replicas);
  json.key("load_balancer");
  write_balancer(json, spec.balancer);
  json.key("rollout")
      .begin_object()
      .member("max_surge", spec.rollout.max_surge)
      .member("bake_us", us(spec.rollout.bake_time))
      .end_object()
      .key("task");
  write_task(json, spec.task);
  json.key("sandbox").begin_object().member("enabled", spec.sandbox.enabled);
  json.member("speed_percent", spec.sandbox.speed_percent)
      .member("market_seed", spec.sandbox.market_seed)
      .end_object()
      .member("no_paid_overflow", spec.no_paid_overflow)
      .end_object();
}

}  // namespace sky::cli
