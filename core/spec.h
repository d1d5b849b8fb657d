// The service file as values: what the user asked for, checked and with every default filled in.
//
// Shapes and defaults follow SkyPilot's service YAML; members marked "ours" are additions whose
// default leaves a SkyServe file's meaning as it was. Text may still hold `$NAME` of a *secret*:
// those are put in at the edge (launch, probe), because a spec is stored in events and secrets
// are not. `envs` are already put in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/offer.h"
#include "core/policies/market_rule.h"
#include "core/time.h"

namespace sky::core {

// Requests per second in thousandths, so that no decision depends on floating point.
struct MilliRps {
  std::int64_t value = 0;
  auto operator<=>(const MilliRps&) const = default;
};

// "4" is exactly 4, "4+" at least 4. Zero: any.
struct Amount {
  std::uint32_t value = 0;  // vCPUs, or MiB of memory
  bool at_least = true;
  bool operator==(const Amount&) const = default;
};

struct ResourceRequest {
  std::vector<Accelerator> accelerators;  // any of these; empty: none asked for
  bool accelerators_ordered = false;  // a YAML list: try in this order
  Amount vcpus;
  Amount memory_mib;
  std::string instance_type;  // empty: any
  Place place;  // filter; empty parts mean any
  bool use_spot = false;
  std::uint32_t disk_size_gb = 256;
  std::string image_id;
  std::map<std::string, std::string> labels;
  std::optional<Price> max_hourly_cost;
  bool operator==(const ResourceRequest&) const = default;
};

struct Resources {
  std::vector<ResourceRequest> choices;  // at least one
  bool ordered = false;  // `ordered:` tries them in turn, `any_of:` takes the cheapest
  std::uint16_t port = 0;  // the service port on the replica
  bool operator==(const Resources&) const = default;
};

struct ReadinessProbe {
  std::string path = "/";
  std::optional<std::string> post_data;  // JSON; present: POST, absent: GET
  std::map<std::string, std::string> headers;
  Duration initial_delay = seconds(1200);
  Duration timeout = seconds(15);
  Duration interval = seconds(10);
  Duration failure_window = seconds(180);  // consecutive failures longer than this end a replica
  bool operator==(const ReadinessProbe&) const = default;
};

// static_mixture and spot_hedge place replica by replica and mean what SkyServe's keys say; market:
// a policy plans the whole fleet, on-demand cover and extras included.
enum class Placement : std::uint8_t { unknown, static_mixture, spot_hedge, market };

struct ReplicaPolicy {
  std::uint32_t min_replicas = 1;
  std::optional<std::uint32_t> max_replicas;  // none: fixed at min_replicas
  std::uint32_t num_overprovision = 0;
  std::optional<MilliRps> target_qps_per_replica;
  std::map<std::string, MilliRps>
      target_qps_per_accelerator;  // "A100" or "A100:1"; empty: not used
  Duration upscale_delay = seconds(300);
  Duration downscale_delay = seconds(1200);
  std::uint32_t base_ondemand_fallback_replicas = 0;
  bool dynamic_ondemand_fallback = false;
  Placement placement = Placement::static_mixture;  // spot_placer: dynamic_fallback = spot_hedge
  Duration qps_window = seconds(60);  // ours
  std::optional<std::uint32_t> target_concurrency_per_replica;  // ours: requests in flight
  MarketPolicy market;  // ours: of placement market; spot_hedge: its rule for forgiving zones
  bool operator==(const ReplicaPolicy&) const = default;

  std::uint32_t upper_limit() const { return max_replicas.value_or(min_replicas); }
};

enum class BalancingPolicy : std::uint8_t {
  unknown,
  round_robin,
  least_load,
  instance_aware_least_load
};

// Ours: which requests come back to the replica that had those before them, while its load lets it.
// prefix: those whose bodies begin alike (a conversation that goes on); header, cookie: those with
// the same value of the one named.
enum class Affinity : std::uint8_t { none, prefix, header, cookie };

// Ours: what one client or one request may take of the endpoint.
struct EndpointLimits {
  Duration head_timeout = seconds(10);  // for a whole head: slow senders are cut
  Duration body_timeout = seconds(30);  // between two pieces of a request's body
  Duration keep_alive_timeout = seconds(60);  // between two requests
  Duration connect_timeout = seconds(3);  // to a replica
  Duration first_byte_timeout{0};  // of a replica's answer; zero: stream_timeout
  std::uint32_t max_connections = 16'384;  // of clients (guess)
  std::uint32_t max_head_bytes = 64 * 1024;
  std::uint64_t max_body_bytes = 0;  // of a request; zero: any
  bool operator==(const EndpointLimits&) const = default;
};

// Files the endpoint reads, and reads again when they change. Both empty: plain HTTP.
struct TlsFiles {
  std::string key_file;
  std::string cert_file;
  bool operator==(const TlsFiles&) const = default;
};

struct LoadBalancerSpec {
  BalancingPolicy policy = BalancingPolicy::least_load;
  Duration stream_timeout = seconds(120);  // longest silence of a replica between two bytes
  Duration hold_timeout = seconds(300);  // ours: how long a request waits while nothing is ready
  std::uint32_t hold_limit = 1000;  // ours: how many may wait
  bool retry_non_idempotent = false;  // ours: the service says that repeating a POST is safe
  std::uint32_t max_concurrency_per_replica = 0;  // ours: more wait; zero: any number at once
  Affinity affinity = Affinity::none;
  std::string affinity_name;  // the header's or cookie's
  Duration slow_start{0};  // ours: a new replica's share grows to its full over this time
  std::uint32_t eject_after_failures = 5;  // ours: in a row; zero: never (Envoy's default: 5)
  EndpointLimits limits;
  TlsFiles tls;
  std::string api_keys_file;  // ours: one key a line; both empty: everybody may ask
  std::string api_keys_env;  // ours: keys, separated by blanks or commas, in this variable
  bool operator==(const LoadBalancerSpec&) const = default;
};

// Ours: how a new version comes up.
struct RolloutPolicy {
  std::uint32_t max_surge = 1;  // replicas above the target while rolling
  Duration bake_time = seconds(10);  // a new replica must stay ready that long to count
  bool operator==(const RolloutPolicy&) const = default;
};

struct Task {
  std::vector<std::pair<std::string, std::string>> envs;  // in file order, `--env` applied
  std::vector<std::string> secret_names;  // values: the secret store, never here
  std::string setup;
  std::string run;
  std::string workdir;
  bool operator==(const Task&) const = default;
};

// Where replicas of a service really run.
struct Sandbox {
  bool enabled = false;
  std::uint32_t speed_percent =
      100;  // 1000: clouds ten times as fast (provisioning, notices, market)
  std::uint64_t market_seed = 1;
  bool operator==(const Sandbox&) const = default;
};

struct ServiceSpec {
  ServiceName name;
  Resources resources;
  ReadinessProbe probe;
  ReplicaPolicy replicas;
  LoadBalancerSpec balancer;
  RolloutPolicy rollout;
  Task task;
  Sandbox sandbox;
  bool no_paid_overflow = false;  // `--no-paid-overflow`: base replicas never on a billed machine
  bool operator==(const ServiceSpec&) const = default;
};

}  // namespace sky::core
