// The parts of the service file, one reader for each. Only service_file.cc uses them.
//
// Each reads one map of the tree, leaves every problem in the field's Problems, and fills what it
// could read; the caller looks at the problems once, at the end. Any thread, nothing is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/service_file_reader.h"
#include "adapters/service_file_variables.h"
#include "core/spec.h"

namespace sky::adapters {

// ---- resources

struct ReadResources {
  core::Resources resources;
  std::vector<std::uint16_t> ports;  // of the outer map: the service's is one of them
  int line = 0;
  bool all_spot = false;
  bool differ_beyond_place = false;  // choices differ in more than cloud, region, zone
};
ReadResources read_resources(const Field& field);

core::Amount read_vcpus(const Field& field);
core::Amount read_memory(const Field& field);
// "T4:1", {T4: 1}, {T4, L4}, [A100:8, L4:8]; true when it is a list, whose order counts.
bool read_accelerators(const Field& field, std::vector<core::Accelerator>& accelerators);
// `infra`, or the older cloud, region and zone.
core::Place read_place(MapReader& map);

// ---- service

inline constexpr std::uint32_t most_replicas = 10'000;  // what one controller is built for

struct ReadService {
  core::ReadinessProbe probe;
  core::ReplicaPolicy replicas;
  core::LoadBalancerSpec balancer;
  core::RolloutPolicy rollout;
  std::optional<Field> port;  // `ports`: which of resources.ports
  std::optional<Field> first_spot_key;  // one that makes sense with spot machines only
  std::optional<Field> spot_placer;
  bool changes_policy = false;  // `replicas` was there before: keys replace parts of it
};
ReadService read_service(const Field& field);

core::ReadinessProbe read_readiness_probe(const Field& field);
void read_replica_policy(const Field& field, ReadService& service);
// Rules between the keys of `service:`.
void check_replica_policy(const Field& field, const core::ReplicaPolicy& policy,
                          core::BalancingPolicy balancing);

// ---- the endpoint: `load_balancing_policy`, `load_balancer`, `tls` of `service:`

inline constexpr double longest_wait = 31 * 86'400;  // a month of seconds: longer is a mistake
inline constexpr double shortest_wait = 0.01;  // of a timeout or an interval: less is a busy loop

core::BalancingPolicy read_balancing_policy(const Field& field);
void read_balancer(const Field& field, core::LoadBalancerSpec& balancer);
core::TlsFiles read_tls(const Field& field);
bool is_header_name(const std::string& name);

// ---- envs and secrets

// `envs` or `secrets` with the values of the command line; null without one is a problem.
NamedValues read_variables(const std::optional<Field>& field, const char* section,
                           const char* option, const NamedValues& given, Problems& problems);
// Puts the values of `envs` into all text below `node`. Names that are nearly one of `known`
// are problems: nobody writes $MODLE_NAME on purpose.
void substitute(YamlNode& node, const NamedValues& envs, const std::vector<std::string>& known,
                const std::string& path, Problems& problems);

// ---- --set

// Puts "service.replica_policy.min_replicas=3" into the tree; the prefix "service." may be left
// out. Lists are addressed by number.
void apply_override(YamlNode& root, const std::string& assignment, Problems& problems);

}  // namespace sky::adapters
