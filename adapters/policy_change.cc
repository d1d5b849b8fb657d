#include "adapters/policy_change.h"

#include <utility>

#include "adapters/service_file_sections.h"

namespace sky::adapters {
namespace {

YamlNode empty_map() {
  YamlNode node;
  node.kind = YamlNode::Kind::map;
  return node;
}

YamlNode map_of(std::string key, YamlNode value) {
  YamlNode map = empty_map();
  map.entries.push_back({std::move(key), value.line, false, std::move(value)});
  return map;
}

// A bare `replica_policy:` as it would stand in a service file.
void put_under_service(YamlNode& root, Problems& problems) {
  if (root.kind != YamlNode::Kind::map)
    return problems.add(root.line, "", "must be a map with `replica_policy:`, or a service file");
  if (root.find("service") != nullptr) return;
  for (const YamlEntry& entry : root.entries)
    if (entry.key != "replica_policy")
      problems.add(entry.line, entry.key,
                   "is no part of a policy file, which holds `replica_policy:` and nothing else");
  root = map_of("service", std::move(root));
}

}  // namespace

core::Result<PolicyChange> PolicyChange::read(const std::optional<std::string_view>& text,
                                              const std::string& file_name,
                                              const std::vector<std::string>& assignments) {
  PolicyChange change;
  change.file_name_ = text ? file_name : "--set";
  Problems problems(change.file_name_);
  YamlNode root = map_of("service", empty_map());
  if (text) {
    auto parsed = parse_yaml(*text, file_name);
    if (!parsed) return parsed.error();
    root = std::move(*parsed);
    change.replaces_ = root.kind == YamlNode::Kind::map && root.find("service") != nullptr;
    put_under_service(root, problems);
  }
  if (!problems.empty()) return problems.error();
  for (const std::string& assignment : assignments) {
    if (!assignment.starts_with("replica_policy.") &&
        !assignment.starts_with("service.replica_policy."))
      problems.add(0, assignment,
                   "only keys of replica_policy can be asked about: "
                   "replica_policy.max_replicas=8");
    else
      apply_override(root, assignment, problems);
  }
  if (!problems.empty()) return problems.error();
  for (YamlEntry& entry : root.entries)
    if (entry.key != "service") change.left_out_.push_back(entry.key);
  change.policy_ = empty_map();
  for (YamlEntry& entry : root.find("service")->entries) {
    if (entry.key == "replica_policy") {
      change.line_ = entry.line;
      change.policy_ = std::move(entry.value);
    } else if (entry.key == "replicas") {
      change.replicas_ = std::move(entry.value);
    } else {
      change.left_out_.push_back("service." + entry.key);
    }
  }
  const bool says_nothing = change.policy_.entries.empty() && !change.replicas_;
  if (says_nothing && change.policy_.kind == YamlNode::Kind::map) {
    problems.add(0, "", "there is no replica_policy in it");
    return problems.error();
  }
  return change;
}

core::Result<core::ReplicaPolicy> PolicyChange::apply(const core::ServiceSpec& spec) const {
  Problems problems(file_name_);
  ReadService service;
  service.changes_policy = !replaces_;
  if (!replaces_) service.replicas = spec.replicas;
  const Field field{&policy_, line_, "replica_policy", &problems};
  if (replicas_) {
    const Field fixed{&*replicas_, replicas_->line, "service.replicas", &problems};
    service.replicas.min_replicas = fixed.count({0, most_replicas}).value_or(1);
    if (!policy_.entries.empty()) fixed.wrong("replica_policy is given too; use one of the two");
  } else {
    read_replica_policy(field, service);
  }
  check_replica_policy(field, service.replicas, spec.balancer.policy);
  if (!problems.empty()) return problems.error();
  return service.replicas;
}

}  // namespace sky::adapters
