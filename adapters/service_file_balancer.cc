// The endpoint's part of `service:`: how requests are spread, what waits,
// limits, TLS, API keys.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "adapters/service_file_sections.h"

namespace sky::adapters {
namespace {

constexpr std::uint32_t most_held = 1'000'000;  // a guess: what one process can keep open
constexpr double most_body_bytes = 1e15;  // a petabyte: more is a mistake

void read_wait(MapReader& map, const char* key, double shortest, core::Duration& into) {
  if (const auto value = map.value(key))
    if (const auto duration = value->seconds({shortest, longest_wait})) into = *duration;
}

void read_count(MapReader& map, const char* key, Range<std::uint32_t> range, std::uint32_t& into) {
  if (const auto value = map.value(key))
    if (const auto count = value->count(range)) into = *count;
}

// Any file of the machine the endpoint runs on; it does not know where `up` was
// typed.
std::string read_file_path(const Field& field) {
  const auto path = field.text();
  if (!path) return {};
  if (!path->starts_with('/') && !path->starts_with("~/"))
    field.wrong(
        fmt::format("must start with `/` or `~/`: the endpoint has a "
                    "folder of its own; is `{}`",
                    *path));
  return *path;
}

void read_affinity(const Field& field, core::LoadBalancerSpec& balancer) {
  const auto text = field.text();
  if (!text) return;
  const std::size_t colon = text->find(':');
  const Field word{field.node, field.line, field.path, field.problems};
  const std::string kind = to_lower(std::string_view(*text).substr(0, colon));
  const std::string name = colon == std::string::npos ? "" : text->substr(colon + 1);
  if (kind == "none" || kind == "prefix") {
    if (colon != std::string::npos) word.wrong(fmt::format("`{}` takes no name", kind));
    balancer.affinity = kind == "prefix" ? core::Affinity::prefix : core::Affinity::none;
    return;
  }
  if (kind != "header" && kind != "cookie") {
    word.wrong(fmt::format("must be none, prefix, header:NAME or cookie:NAME, is `{}`", *text));
    return;
  }
  if (!is_header_name(name)) word.wrong(fmt::format("`{}` is no name of a {}", name, kind));
  balancer.affinity = kind == "header" ? core::Affinity::header : core::Affinity::cookie;
  balancer.affinity_name = name;
}

void read_limits(const Field& field, core::EndpointLimits& limits) {
  MapReader map(field);
  read_wait(map, "head_timeout_seconds", shortest_wait, limits.head_timeout);
  read_wait(map, "body_timeout_seconds", shortest_wait, limits.body_timeout);
  read_wait(map, "keep_alive_timeout_seconds", shortest_wait, limits.keep_alive_timeout);
  read_wait(map, "connect_timeout_seconds", shortest_wait, limits.connect_timeout);
  read_wait(map, "first_byte_timeout_seconds", 0, limits.first_byte_timeout);
  read_count(map, "max_connections", {1, most_held}, limits.max_connections);
  read_count(map, "max_head_bytes", {1024, 1 << 20}, limits.max_head_bytes);
  if (const auto value = map.value("max_body_bytes"))
    if (const auto bytes = value->number({0, most_body_bytes}))
      limits.max_body_bytes = static_cast<std::uint64_t>(*bytes);
  map.finish();
}

}  // namespace

// RFC 9110, 5.6.2: what a header's name may be made of.
bool is_header_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), allowed);
}

core::BalancingPolicy read_balancing_policy(const Field& field) {
  const auto index = choose(field, {"round_robin", "least_load", "instance_aware_least_load"});
  constexpr core::BalancingPolicy policies[] = {core::BalancingPolicy::round_robin,
                                                core::BalancingPolicy::least_load,
                                                core::BalancingPolicy::instance_aware_least_load};
  return index ? policies[*index] : core::BalancingPolicy::unknown;
}

void read_balancer(const Field& field, core::LoadBalancerSpec& balancer) {
  MapReader map(field);
  read_wait(map, "stream_timeout_seconds", shortest_wait, balancer.stream_timeout);
  read_wait(map, "hold_timeout_seconds", 0, balancer.hold_timeout);
  read_wait(map, "slow_start_seconds", 0, balancer.slow_start);
  read_count(map, "hold_limit", {0, most_held}, balancer.hold_limit);
  read_count(map, "max_concurrency_per_replica", {0, most_held},
             balancer.max_concurrency_per_replica);
  read_count(map, "eject_after_failures", {0, most_held}, balancer.eject_after_failures);
  if (const auto value = map.value("retry_non_idempotent"))
    balancer.retry_non_idempotent = value->flag().value_or(false);
  if (const auto value = map.value("affinity")) read_affinity(*value, balancer);
  if (const auto value = map.value("limits")) read_limits(*value, balancer.limits);
  const auto keys_file = map.value("api_keys_file");
  const auto keys_env = map.value("api_keys_env");
  if (keys_file) balancer.api_keys_file = read_file_path(*keys_file);
  if (keys_env) balancer.api_keys_env = keys_env->text().value_or("");
  if (keys_file && keys_env) keys_env->wrong("api_keys_file is given too; use one of the two");
  map.finish();
}

core::TlsFiles read_tls(const Field& field) {
  core::TlsFiles files;
  MapReader map(field);
  const auto key = map.value("keyfile");
  const auto cert = map.value("certfile");
  if (!key) map.wrong("`keyfile` is missing");
  if (!cert) map.wrong("`certfile` is missing");
  if (key) files.key_file = read_file_path(*key);
  if (cert) files.cert_file = read_file_path(*cert);
  map.finish();
  return files;
}

}  // namespace sky::adapters
