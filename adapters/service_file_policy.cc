// `service.replica_policy:` and the rules between its keys.
#include <cmath>

#include <fmt/format.h>

#include "adapters/service_file_sections.h"
#include "core/policies/policy_name.h"

namespace sky::adapters {
namespace {

constexpr double longest_delay = 31 * 86'400;  // a month, in seconds (guess)
constexpr double shortest_window = 1;  // traffic is counted in seconds
constexpr double longest_window = 3'600;  // a guess; SkyServe's is fixed at 60
constexpr double highest_qps = 1e6;  // a guess, above what one machine answers

std::optional<core::MilliRps> read_qps(const Field& field) {
  const auto qps = field.number({0, highest_qps});
  if (!qps) return {};
  const core::MilliRps rate{std::llround(*qps * 1000)};
  if (rate.value > 0) return rate;
  field.wrong("must be at least 0.001: with 0 no number of replicas would be enough");
  return {};
}

// {A100: 4, "L4:1": 0.5}
void read_qps_map(const Field& field, core::ReplicaPolicy& policy) {
  if (field.node->entries.empty()) field.wrong("the map is empty");
  for (const YamlEntry& entry : field.node->entries) {
    const Field value{&entry.value, entry.line, field.path + "." + entry.key, field.problems};
    std::vector<core::Accelerator> named;
    YamlNode name;
    name.kind = YamlNode::Kind::quoted;
    name.text = entry.key;
    read_accelerators({&name, entry.line, value.path, field.problems}, named);
    if (named.empty()) continue;
    const bool counted = entry.key.find(':') != std::string::npos;
    const std::string key =
        counted ? fmt::format("{}:{}", named[0].name, named[0].count) : named[0].name;
    if (policy.target_qps_per_accelerator.count(key) != 0)
      value.wrong(fmt::format("{} is given twice", key));
    else if (const auto rate = read_qps(value))
      policy.target_qps_per_accelerator[key] = *rate;
  }
}

void read_counts(MapReader& map, const Field& field, ReadService& service) {
  core::ReplicaPolicy& policy = service.replicas;
  if (const auto value = map.value("min_replicas"))
    policy.min_replicas = value->count({0, most_replicas}).value_or(0);
  else if (field.node->kind == YamlNode::Kind::map && !service.changes_policy)
    field.wrong("`min_replicas` is missing");
  if (const auto value = map.value("max_replicas"))
    policy.max_replicas = value->count({0, most_replicas}).value_or(most_replicas);
  if (const auto value = map.value("num_overprovision"))
    policy.num_overprovision = value->count({0, most_replicas}).value_or(0);
}

void read_signal(MapReader& map, core::ReplicaPolicy& policy) {
  if (const auto value = map.value("target_qps_per_replica")) {
    policy.target_qps_per_replica.reset();
    policy.target_qps_per_accelerator.clear();
    if (value->node->kind == YamlNode::Kind::map)
      read_qps_map(*value, policy);
    else
      policy.target_qps_per_replica = read_qps(*value).value_or(core::MilliRps{1});
  }
  if (const auto value = map.value("target_concurrency_per_replica"))
    policy.target_concurrency_per_replica = value->count({1, 1'000'000}).value_or(1);
  const auto read = [&](const char* key, Range<double> range, core::Duration& into) {
    if (const auto value = map.value(key))
      if (const auto duration = value->seconds(range)) into = *duration;
  };
  read("qps_window_seconds", {shortest_window, longest_window}, policy.qps_window);
  read("upscale_delay_seconds", {0, longest_delay}, policy.upscale_delay);
  read("downscale_delay_seconds", {0, longest_delay}, policy.downscale_delay);
}

void note_spot_key(const std::optional<Field>& field, bool is_set, ReadService& service) {
  if (field && is_set && !service.first_spot_key) service.first_spot_key = field;
}

// `placement: NAME` or `NAME:key=value,...`; none where it is wrong, which is noted.
std::optional<core::MarketPolicy> read_named_policy(const Field& field) {
  const std::string text = field.text().value_or("");
  YamlNode name = *field.node;
  name.text = text.substr(0, text.find(':'));
  if (!choose({&name, field.line, field.path, field.problems}, core::policy_names())) return {};
  const auto policy = core::parse_policy(text);
  if (policy) return *policy;
  field.wrong(policy.error().text);
  return {};
}

void set_policy(const Field& field, core::ReplicaPolicy& into, const core::MarketPolicy& policy) {
  const bool has_keys = field.text().value_or("").find(':') != std::string::npos;
  into.market = {};
  if (policy.rule == core::MarketRule::static_mixture) {
    into.placement = core::Placement::static_mixture;
    if (has_keys)
      field.wrong(
          "static_mixture has its numbers from base_ondemand_fallback_replicas and "
          "num_overprovision");
  } else if (policy.rule == core::MarketRule::spot_hedge) {
    into.placement = core::Placement::spot_hedge;
    into.market.forgives_late = policy.forgives_late;
    if (policy.extra != core::MarketPolicy{}.extra)
      field.wrong("spot_hedge has its extra replicas from num_overprovision");
  } else {
    into.placement = core::Placement::market;
    into.market = policy;
  }
}

// `availability: 99.5`: alone, or beside a policy that follows one.
void read_availability(const Field& field, core::ReplicaPolicy& policy, bool is_alone) {
  const auto ppm = core::parse_availability(field.text().value_or(""));
  if (!ppm) return field.wrong(ppm.error().text);
  if (is_alone) policy.market = {};
  const bool follows = is_alone || (policy.placement == core::Placement::market &&
                                    policy.market.rule == core::MarketRule::hazard_hedge);
  if (!follows)
    return field.wrong("placement is " + core::placement_text(policy) +
                       ", which follows no stated availability; leave placement out");
  if (policy.market.availability_ppm > 0)
    return field.wrong("placement states one, too; use one of the two");
  policy.placement = core::Placement::market;
  core::follow_availability(policy.market, *ppm);
}

void read_policy(MapReader& map, const std::optional<Field>& placer, ReadService& service) {
  core::ReplicaPolicy& policy = service.replicas;
  const auto placement = map.value("placement");
  const auto named = placement ? read_named_policy(*placement) : std::nullopt;
  if (named) {
    if (placer && named->rule != core::MarketRule::spot_hedge)
      placement->wrong("spot_placer: dynamic_fallback asks for spot_hedge; use one of the two");
    else
      set_policy(*placement, policy, *named);
    if (policy.placement == core::Placement::spot_hedge) service.spot_placer = placement;
    note_spot_key(placement, policy.placement != core::Placement::static_mixture, service);
  }
  const auto availability = map.value("availability");
  if (availability && placer)
    availability->wrong("spot_placer: dynamic_fallback follows no stated availability");
  else if (availability && (named || !placement))
    read_availability(*availability, policy, !placement);
  note_spot_key(availability, true, service);
}

void read_placement(MapReader& map, ReadService& service) {
  core::ReplicaPolicy& policy = service.replicas;
  const auto base = map.value("base_ondemand_fallback_replicas");
  if (base) policy.base_ondemand_fallback_replicas = base->count({0, most_replicas}).value_or(0);
  note_spot_key(base, policy.base_ondemand_fallback_replicas > 0, service);
  const auto dynamic = map.value("dynamic_ondemand_fallback");
  if (dynamic) policy.dynamic_ondemand_fallback = dynamic->flag().value_or(false);
  note_spot_key(dynamic, policy.dynamic_ondemand_fallback, service);

  const auto placer = map.value("spot_placer");
  if (placer && choose(*placer, {"dynamic_fallback"})) {
    policy.placement = core::Placement::spot_hedge;
    service.spot_placer = placer;
  }
  note_spot_key(placer, true, service);
  read_policy(map, placer, service);
}

void refuse_removed(MapReader& map) {
  map.refuse("queue_length_threshold", "is for job pools; not supported");
  map.refuse("qps_upper_threshold", "was removed from SkyServe; use target_qps_per_replica");
  map.refuse("qps_lower_threshold", "was removed from SkyServe; use target_qps_per_replica");
  map.refuse("auto_restart", "was removed from SkyServe: replicas are always restarted");
}

}  // namespace

void read_replica_policy(const Field& field, ReadService& service) {
  MapReader map(field);
  read_counts(map, field, service);
  read_signal(map, service.replicas);
  read_placement(map, service);
  refuse_removed(map);
  map.finish();
}

void check_replica_policy(const Field& field, const core::ReplicaPolicy& policy,
                          core::BalancingPolicy balancing) {
  const bool has_map = !policy.target_qps_per_accelerator.empty();
  const bool has_signal = policy.target_qps_per_replica.has_value() || has_map ||
                          policy.target_concurrency_per_replica.has_value();
  const bool instance_aware = balancing == core::BalancingPolicy::instance_aware_least_load;
  const bool falls_back =
      policy.base_ondemand_fallback_replicas > 0 || policy.dynamic_ondemand_fallback;
  const auto wrong = [&](bool is_wrong, const char* text) {
    if (is_wrong) field.wrong(text);
  };
  if (policy.max_replicas && *policy.max_replicas < policy.min_replicas)
    field.wrong(fmt::format("max_replicas ({}) is less than min_replicas ({})",
                            *policy.max_replicas, policy.min_replicas));
  if (policy.max_replicas && policy.base_ondemand_fallback_replicas > *policy.max_replicas)
    field.wrong(fmt::format("base_ondemand_fallback_replicas ({}) is more than max_replicas ({})",
                            policy.base_ondemand_fallback_replicas, *policy.max_replicas));
  wrong(has_signal && !policy.max_replicas,
        "max_replicas is missing: a target per replica asks for autoscaling");
  wrong(!has_signal && policy.max_replicas && *policy.max_replicas > policy.min_replicas,
        "target_qps_per_replica is missing: autoscaling from min_replicas to max_replicas needs "
        "it (or target_concurrency_per_replica)");
  wrong(has_map && !instance_aware,
        "target_qps_per_replica by accelerator needs service.load_balancing_policy: "
        "instance_aware_least_load");
  wrong(instance_aware && !has_map,
        "load_balancing_policy instance_aware_least_load needs target_qps_per_replica as a map "
        "of accelerators");
  const bool is_planned = policy.placement == core::Placement::market;
  const std::string name = is_planned ? core::placement_text(policy) : "";
  if (is_planned && policy.num_overprovision > 0)
    field.wrong("num_overprovision must be 0: placement " + name + " decides how many extra");
  if (is_planned && policy.dynamic_ondemand_fallback)
    field.wrong("dynamic_ondemand_fallback must be false: placement " + name +
                " decides what stands in on demand");
  if (is_planned && has_map)
    field.wrong("target_qps_per_replica by accelerator cannot be combined with placement " + name);
  wrong(has_map && falls_back,
        "target_qps_per_replica by accelerator cannot be combined with "
        "base_ondemand_fallback_replicas or dynamic_ondemand_fallback");
}

}  // namespace sky::adapters
