#include "test/events/generator.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sky::events {
namespace {

// One overload for each type; new members are added here by hand.
class Filler {
 public:
  explicit Filler(Generator& generator) : generator_(generator) {}

  void fill(core::Event& event) {
    event.time.at = core::Instant(core::Duration(number<std::int64_t>()));
    event.time.wall = core::WallTime(core::Duration(number<std::int64_t>()));
    event.cause = core::Seq{number<std::uint64_t>()};
    event.actor = one_of(core::Actor::daemon);
    event.service = text();
    event.replica = core::ReplicaId{number<std::uint32_t>()};
  }
  template <std::size_t... indices>
  void make_body(core::EventBody& body, std::size_t which, std::index_sequence<indices...>) {
    ((indices == which ? fill(body.emplace<indices>()) : void()), ...);
  }

  void fill(core::Place& to) {
    to.cloud = text();
    to.region = text();
    to.zone = text();
  }
  void fill(core::Accelerator& to) {
    to.name = text();
    to.count = number<std::uint32_t>();
  }
  void fill(core::Offer& to) {
    fill(to.place);
    to.instance_type = text();
    to.market = one_of(core::Market::spot);
    fill(to.accelerator);
    to.vcpus = number<std::uint32_t>();
    to.memory_mib = number<std::uint32_t>();
    to.price = core::Price{number<std::int64_t>()};
    to.on_demand_price = core::Price{number<std::int64_t>()};
  }
  void fill(core::Failure& to) {
    to.kind = one_of(core::FailureKind::indeterminate);
    to.scope = one_of(core::FailureScope::account);
    to.text = text();
    to.retry_after = core::Duration(number<std::int64_t>());
  }
  void fill(core::Candidate& to) {
    fill(to.offer);
    fill_each(to.score, to.note, to.chosen, to.up, to.hazard_micro);
  }
  void fill(core::PlacementChosen& to) {
    fill(to.candidates), fill_each(to.policy, to.reason, to.plan_cost, to.plan_risk);
  }
  void fill(core::ZoneBlocked& to) {
    fill(to.place);
    to.instance_type = text();
    to.market = one_of(core::Market::spot);
    fill(to.failure);
    to.until = core::Instant(core::Duration(number<std::int64_t>()));
  }
  void fill(core::ZoneCleared& to) {
    fill(to.place);
    to.instance_type = text();
    to.market = one_of(core::Market::spot);
    to.reason = text();
  }
  void fill(core::Amount& to) {
    to.value = number<std::uint32_t>();
    to.at_least = flag();
  }
  void fill(core::ResourceRequest& to) {
    fill(to.accelerators);
    to.accelerators_ordered = flag();
    fill(to.vcpus);
    fill(to.memory_mib);
    to.instance_type = text();
    fill(to.place);
    to.use_spot = flag();
    to.disk_size_gb = number<std::uint32_t>();
    to.image_id = text();
    fill(to.labels);
    if (flag()) to.max_hourly_cost = core::Price{number<std::int64_t>()};
  }
  void fill(core::Resources& to) {
    fill(to.choices);
    to.ordered = flag();
    to.port = number<std::uint16_t>();
  }
  void fill(core::ReadinessProbe& to) {
    to.path = text();
    if (flag()) to.post_data = text();
    fill(to.headers);
    fill_each(to.initial_delay, to.timeout, to.interval, to.failure_window);
  }
  void fill(core::ReplicaPolicy& to) {
    fill_one(to.min_replicas);
    if (flag()) to.max_replicas = number<std::uint32_t>();
    if (flag()) to.target_qps_per_replica = core::MilliRps{number<std::int64_t>()};
    fill(to.target_qps_per_accelerator);
    fill_each(to.upscale_delay, to.downscale_delay, to.base_ondemand_fallback_replicas,
              to.dynamic_ondemand_fallback, to.num_overprovision, to.qps_window);
    to.placement = one_of(core::Placement::market);
    auto& [rule, extra, late, fixed, weights, availability, age, splits, probe] = to.market;
    rule = one_of(core::MarketRule::hazard_hedge);
    fill_each(late, age, splits, extra, fixed, availability, probe);
    fill_each(weights.any, weights.share, weights.square);
    if (flag()) to.target_concurrency_per_replica = number<std::uint32_t>();
  }
  void fill_one(core::Duration& to) { to = core::Duration(number<std::int64_t>()); }
  void fill_one(std::string& to) { to = text(); }
  void fill_one(std::int64_t& to) { to = number<std::int64_t>(); }
  void fill_one(bool& to) { to = flag(); }
  void fill_one(std::uint32_t& to) { to = number<std::uint32_t>(); }
  template <class... Members>
  void fill_each(Members&... members) {
    (fill_one(members), ...);
  }
  void fill(core::LoadBalancerSpec& to) {
    to.policy = one_of(core::BalancingPolicy::instance_aware_least_load);
    to.affinity = one_of(core::Affinity::cookie);
    to.retry_non_idempotent = flag();
    fill_each(to.stream_timeout, to.hold_timeout, to.slow_start, to.hold_limit, to.affinity_name,
              to.max_concurrency_per_replica, to.eject_after_failures, to.tls.key_file,
              to.tls.cert_file, to.api_keys_file, to.api_keys_env);
    auto& [head, body, keep_alive, connect, first, connections, bytes, most] = to.limits;
    fill_each(head, body, keep_alive, connect, first, connections, bytes);
    most = number<std::uint64_t>();
  }
  void fill(core::RolloutPolicy& to) { fill_each(to.max_surge, to.bake_time); }
  void fill(core::Task& to) {
    fill(to.envs);
    fill(to.secret_names);
    to.setup = text();
    to.run = text();
    to.workdir = text();
  }
  void fill(core::Sandbox& to) {
    to.enabled = flag();
    to.speed_percent = number<std::uint32_t>();
    to.market_seed = number<std::uint64_t>();
  }
  void fill(core::ServiceSpec& to) {
    to.name = text();
    fill(to.resources);
    fill(to.probe);
    fill(to.replicas);
    fill(to.balancer);
    fill(to.rollout);
    fill(to.task);
    fill(to.sandbox);
    to.no_paid_overflow = flag();
  }
  void fill(core::DaemonStarted& to) {
    to.log_id = text();
    to.version = text();
    to.epoch = number<std::uint64_t>();
  }
  void fill(core::DaemonStopped& to) { to.reason = text(); }
  core::Seq seq() { return core::Seq{number<std::uint64_t>()}; }
  void fill(core::LogTruncated& to) { to = {seq(), seq(), text()}; }
  void fill(core::SnapshotTaken& to) {
    to.of = seq();
    to.state_hash = number<std::uint64_t>();
    to.bytes = number<std::uint64_t>();
  }
  void fill(core::SnapshotRejected& to) { to = {seq(), text()}; }
  void fill(core::LogRepaired& to) { to = {seq(), seq()}; }
  void fill(core::CommandReceived& to) { to = {text(), text(), text(), text()}; }
  void fill(core::BalancerConnected& to) { to.pid = number<std::int64_t>(); }
  void fill(core::BalancerLost& to) { to.reason = text(); }
  void fill(core::ServiceRegistered& to) {
    fill(to.spec);
    fill(to.offers);
    to.endpoint_port = number<std::uint16_t>();
  }
  void fill(core::ServiceUpdated& to) {
    fill(to.spec);
    fill(to.offers);
    to.version = core::Version{number<std::uint32_t>()};
    to.mode = one_of(core::UpdateMode::blue_green);
    to.replaces_replicas = flag();
  }
  void fill(core::VersionRolledBack& to) {
    to.failed = core::Version{number<std::uint32_t>()};
    to.restored = core::Version{number<std::uint32_t>()};
    to.reason = text();
    fill(to.balancer);
    fill(to.target_qps_per_accelerator);
  }
  void fill(core::EndpointAssigned& to) {
    to.port = number<std::uint16_t>();
    to.reason = text();
  }
  void fill(core::EndpointOpened& to) {
    to.host = text();
    to.port = number<std::uint16_t>();
  }
  void fill(core::EndpointFailed& to) {
    to.port = number<std::uint16_t>();
    to.text = text();
  }
  void fill(core::RemovalRequested&) {}
  void fill(core::ServiceRemoved&) {}
  void fill(core::ScaleEvaluated& to) {
    to.policy = text();
    to.window = core::Duration(number<std::int64_t>());
    to.rate = core::MilliRps{number<std::int64_t>()};
    to.in_flight = number<std::uint32_t>();
    to.held = number<std::uint32_t>();
    to.wanted = number<std::uint32_t>();
    to.lower_limit = number<std::uint32_t>();
    to.upper_limit = number<std::uint32_t>();
    to.target_before = number<std::uint32_t>();
    to.target_after = number<std::uint32_t>();
    to.votes = number<std::uint32_t>();
    to.votes_needed = number<std::uint32_t>();
    to.delay = core::Duration(number<std::int64_t>());
    to.verdict = one_of(core::ScaleVerdict::settled);
    to.reason = text();
  }
  void fill(core::ReplicaPlanned& to) {
    to.version = core::Version{number<std::uint32_t>()};
    to.pool = one_of(core::Pool::fallback);
    to.reason = text();
  }
  void fill(core::LaunchIntended& to) {
    to.attempt = number<std::uint32_t>();
    fill(to.offer);
    to.paid_overflow = flag();
  }
  void fill(core::ProvisionSucceeded& to) {
    to.attempt = number<std::uint32_t>();
    to.instance_id = text();
    to.host = text();
    to.port = number<std::uint16_t>();
  }
  void fill(core::ProvisionFailed& to) {
    to.attempt = number<std::uint32_t>();
    fill(to.failure);
  }
  void fill(core::ReplicaStarted&) {}
  void fill(core::ProbeAnswered& to) {
    to.http_status = number<std::int32_t>();
    to.latency = core::Duration(number<std::int64_t>());
    to.error = text();
    to.ok = flag();
  }
  void fill(core::ReplicaBecameReady&) {}
  void fill(core::ReplicaBecameNotReady& to) { to.reason = text(); }
  void fill(core::DrainStarted& to) {
    to.reason = one_of(core::DrainReason::failed);
    to.deadline = core::Instant(core::Duration(number<std::int64_t>()));
  }
  void fill(core::ReplicaDrained&) {}
  void fill(core::TerminationIntended& to) {
    to.final_phase = one_of(core::Phase::terminated);
    to.reason = text();
  }
  void fill(core::TerminationSucceeded&) {}
  void fill(core::TerminationFailed& to) { fill(to.failure); }
  void fill(core::ReplicaEnded& to) {
    to.final_phase = one_of(core::Phase::terminated);
    to.reason = text();
  }
  void fill(core::PreemptionNoticed& to) {
    to.deadline = core::Instant(core::Duration(number<std::int64_t>()));
    to.text = text();
  }
  void fill(core::ReplicaPreempted& to) { to.text = text(); }
  void fill(core::InstanceLost& to) {
    to.text = text();
    to.by_user_code = flag();
  }
  void fill(core::OrphanFound& to) {
    to = {text(), {}, flag()};
    fill(to.place);
  }
  void fill(core::OrphanEnded& to) { to.instance_id = text(); }
  void fill(core::ReplicaLoad& to) {
    to.replica = core::ReplicaId{number<std::uint32_t>()};
    to.in_flight = number<std::uint32_t>();
  }
  void fill(core::TrafficSampled& to) {
    to.period = core::Duration(number<std::int64_t>());
    to.arrivals = number<std::uint32_t>();
    to.completions = number<std::uint32_t>();
    to.failures = number<std::uint32_t>();
    to.retries = number<std::uint32_t>();
    to.in_flight = number<std::uint32_t>();
    to.held = number<std::uint32_t>();
    to.latency_p50 = core::Duration(number<std::int64_t>());
    to.latency_p90 = core::Duration(number<std::int64_t>());
    to.latency_p99 = core::Duration(number<std::int64_t>());
    fill(to.replicas);
  }
  void fill(core::ReplicaEjected& to) { to.reason = text(); }
  void fill(core::ReplicaReadmitted&) {}
  void fill(core::RequestsHeld& to) { to.waiting = number<std::uint32_t>(); }
  void fill(core::RequestsShed& to) {
    to.count = number<std::uint32_t>();
    to.reason = text();
  }
  void fill(core::Route& to) {
    to.replica = core::ReplicaId{number<std::uint32_t>()};
    to.host = text();
    to.port = number<std::uint16_t>();
    to.state = one_of(core::RouteState::waiting);
    to.version = core::Version{number<std::uint32_t>()};
    to.accelerator = text();
    to.drain_deadline = core::WallTime(core::Duration(number<std::int64_t>()));
  }
  void fill(core::RoutedService& to) {
    to.name = text();
    to.port = number<std::uint16_t>();
    fill(to.balancer);
    fill(to.target_qps_per_accelerator);
    fill_map(to.routes, &core::Route::replica);
    to.next_ready = core::WallTime(core::Duration(number<std::int64_t>()));
    to.version = core::Version{number<std::uint32_t>()};
    to.held_back = core::Version{number<std::uint32_t>()};
  }
  void fill(core::RoutingSnapshot& to) {
    to.seq = core::Seq{number<std::uint64_t>()};
    fill_map(to.services, &core::RoutedService::name);
  }

 private:
  template <class Number>
  Number number() {
    return generator_.number<Number>();
  }
  std::size_t below(std::size_t limit) { return generator_.below(limit); }
  void fill(core::UnknownEvent&) {}

  bool flag() { return below(2) != 0; }
  std::string text() {
    std::string result(1 + below(20), ' ');
    for (char& letter : result) letter = number<char>();  // zeroes and all
    return result;
  }
  template <class Enum>
  Enum one_of(Enum last) {
    return static_cast<Enum>(below(static_cast<std::size_t>(last) + 1));
  }
  template <class Value>
  void fill(std::vector<Value>& to) {
    to.resize(below(4));
    for (Value& value : to) fill(value);
  }
  void fill(std::string& to) { to = text(); }
  void fill(core::MilliRps& to) { to.value = number<std::int64_t>(); }
  void fill(std::pair<std::string, std::string>& to) { to = {text(), text()}; }
  template <class Value>
  void fill(std::map<std::string, Value>& to) {
    for (std::size_t left = below(4); left > 0; --left) fill(to[text()]);
  }
  template <class Key, class Value>
  void fill_map(std::map<Key, Value>& to, Key Value::*key) {
    for (std::size_t left = below(4); left > 0; --left) {
      Value value;
      fill(value);
      to.emplace(value.*key, value);
    }
  }

  Generator& generator_;
};

}  // namespace

core::Event Generator::event(std::size_t which, core::Seq seq) {
  Filler filler(*this);
  core::Event event;
  filler.fill(event);
  event.seq = seq;
  filler.make_body(event.body, which,
                   std::make_index_sequence<std::variant_size_v<core::EventBody>>());
  return event;
}

core::RoutingSnapshot Generator::table() {
  core::RoutingSnapshot table;
  Filler(*this).fill(table);
  return table;
}

}  // namespace sky::events
