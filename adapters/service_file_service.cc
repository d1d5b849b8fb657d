// `service:` apart from the replica policy.
#include <algorithm>

#include <fmt/format.h>

#include "adapters/json.h"
#include "adapters/service_file_sections.h"

namespace sky::adapters {
namespace {

bool has_control_characters(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

std::string read_path(const Field& field) {
  const auto path = field.text();
  if (!path) return "/";
  if (path->empty() || path->front() != '/')
    field.wrong(fmt::format("must start with `/`, is `{}`", *path));
  else if (has_control_characters(*path) || path->find_first_of(" #") != std::string::npos)
    field.wrong("a path has no spaces, line ends or `#`");
  return *path;
}

std::optional<std::string> read_post_data(const Field& field) {
  if (!field.node->is_scalar()) {
    auto json = to_json(*field.node);
    if (json) return std::move(*json);
    field.wrong(json.error().text);
    return {};
  }
  const auto parsed = parse_json(field.node->text);
  if (!parsed) {
    field.wrong("must be JSON, or a map: " + parsed.error().text);
    return {};
  }
  return field.node->text;
}

// The prober writes these itself; a second one would be a different request than was asked for.
bool is_reserved_header(const std::string& name) {
  const std::string lower = to_lower(name);
  return lower == "host" || lower == "content-length" || lower == "transfer-encoding" ||
         lower == "connection";
}

std::map<std::string, std::string> read_headers(const Field& field) {
  std::map<std::string, std::string> headers;
  if (field.node->kind != YamlNode::Kind::map) {
    field.wrong("must be a map of header names and values");
    return headers;
  }
  for (const YamlEntry& entry : field.node->entries) {
    const Field value{&entry.value, entry.line, field.path + "." + entry.key, field.problems};
    const auto text = value.text();
    if (!is_header_name(entry.key))
      value.wrong("is no header name");
    else if (is_reserved_header(entry.key))
      value.wrong("is set by the prober itself");
    else if (text && has_control_characters(*text))
      value.wrong("a header has no line ends");
    else if (text)
      headers[entry.key] = *text;
  }
  return headers;
}

void refuse_unsupported(MapReader& map) {
  map.refuse("pool", "job pools are not services; not supported");
  map.refuse("workers", "is for job pools; a service has `replicas`");
  map.refuse("auto_restart", "was removed from SkyServe: replicas are always restarted");
}

void read_rollout(const Field& field, core::RolloutPolicy& rollout) {
  MapReader map(field);
  constexpr std::uint32_t most_surge = 1'000;  // a guess
  if (const auto value = map.value("max_surge"))
    rollout.max_surge = value->count({1, most_surge}).value_or(1);
  if (const auto value = map.value("bake_seconds"))
    if (const auto duration = value->seconds({0, longest_wait})) rollout.bake_time = *duration;
  map.finish();
}

}  // namespace

core::ReadinessProbe read_readiness_probe(const Field& field) {
  core::ReadinessProbe probe;
  if (field.node->is_scalar()) {
    probe.path = read_path(field);
    return probe;
  }
  MapReader map(field);
  if (const auto value = map.value("path"))
    probe.path = read_path(*value);
  else if (field.node->kind == YamlNode::Kind::map)
    field.wrong("`path` is missing");
  if (const auto value = map.value("post_data")) probe.post_data = read_post_data(*value);
  if (const auto value = map.value("headers")) probe.headers = read_headers(*value);
  const auto read = [&](const char* key, double shortest, core::Duration& into) {
    if (const auto value = map.value(key))
      if (const auto duration = value->seconds({shortest, longest_wait})) into = *duration;
  };
  read("initial_delay_seconds", 0, probe.initial_delay);
  read("timeout_seconds", shortest_wait, probe.timeout);
  read("endpoint_probe_interval_seconds", shortest_wait, probe.interval);
  read("consecutive_failure_threshold_timeout", 0, probe.failure_window);
  map.finish();
  return probe;
}

ReadService read_service(const Field& field) {
  ReadService service;
  MapReader map(field);
  if (const auto value = map.value("readiness_probe")) service.probe = read_readiness_probe(*value);
  const auto policy = map.value("replica_policy");
  const auto replicas = map.value("replicas");
  if (policy && replicas)
    replicas->wrong("replica_policy is given too; use one of the two");
  else if (replicas)
    service.replicas.min_replicas = replicas->count({0, most_replicas}).value_or(1);
  if (const auto value = map.value("load_balancing_policy"))
    service.balancer.policy = read_balancing_policy(*value);
  if (policy) read_replica_policy(*policy, service);
  if (const auto value = map.value("load_balancer")) read_balancer(*value, service.balancer);
  if (const auto value = map.value("tls")) service.balancer.tls = read_tls(*value);
  if (const auto value = map.value("rollout")) read_rollout(*value, service.rollout);
  service.port = map.value("ports");
  refuse_unsupported(map);
  map.finish();
  if (service.balancer.policy != core::BalancingPolicy::unknown)
    check_replica_policy(policy ? *policy : field, service.replicas, service.balancer.policy);
  return service;
}

}  // namespace sky::adapters
