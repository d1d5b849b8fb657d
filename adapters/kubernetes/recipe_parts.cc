#include "adapters/kubernetes/recipe_parts.h"

#include <algorithm>
#include <set>

#include "adapters/kubernetes/node_labels.h"
#include "adapters/service_file_reader.h"

namespace sky::adapters::kubernetes {
namespace {

// A pod on a dead node shall not look alive for the 300 s that clusters allow by default.
constexpr std::int64_t dead_node_seconds = 10;
constexpr core::Duration usual_grace = core::seconds(30);

// Where no node of the kind is there yet (an autoscaler brings it), these spellings are looked for.
struct Spelling {
  const char* accelerator;
  const char* gke;
  const char* product;  // GPU feature discovery's
};
constexpr Spelling spellings[] = {
    {"T4", "nvidia-tesla-t4", "Tesla-T4"},
    {"L4", "nvidia-l4", "NVIDIA-L4"},
    {"V100", "nvidia-tesla-v100", "Tesla-V100-SXM2-16GB"},
    {"A10G", "", "NVIDIA-A10G"},
    {"A100", "nvidia-tesla-a100", "NVIDIA-A100-SXM4-40GB"},
    {"A100-80GB", "nvidia-a100-80gb", "NVIDIA-A100-SXM4-80GB"},
    {"H100", "nvidia-h100-80gb", "NVIDIA-H100-80GB-HBM3"},
    {"H200", "nvidia-h200-141gb", "NVIDIA-H200"},
};

void write_requirement(JsonWriter& json, const std::string& key, const char* verb,
                       const std::vector<std::string>& values) {
  json.begin_object().member("key", key).member("operator", verb).key("values").begin_array();
  for (const std::string& value : values) json.text(value);
  json.end_array().end_object();
}

using KeyValues = std::map<std::string, std::vector<std::string>>;

KeyValues likely_labels(const std::string& accelerator) {
  const std::string lower = to_lower(accelerator);
  KeyValues labels{{accelerator_keys[0], {lower}}, {accelerator_keys[2], {lower}}};
  for (const Spelling& one : spellings) {
    if (accelerator != one.accelerator) continue;
    if (*one.gke != '\0') labels[accelerator_keys[1]] = {one.gke};
    labels[accelerator_keys[3]] = {one.product};
  }
  return labels;
}

// Of either market one term is enough: terms are alternatives, requirements in one are not.
void write_term(JsonWriter& json, const std::pair<std::string, std::vector<std::string>>* kind,
                const SpotLabel* spot) {
  json.begin_object().key("matchExpressions").begin_array();
  if (kind != nullptr) write_requirement(json, kind->first, "In", kind->second);
  if (spot != nullptr) write_requirement(json, spot->key, "In", {spot->value});
  if (spot == nullptr)  // NotIn holds on nodes without the label, too
    for (const SpotLabel& one : spot_labels) write_requirement(json, one.key, "NotIn", {one.value});
  json.end_array().end_object();
}

void write_terms(JsonWriter& json, const core::Offer& offer, const NodeKinds& nodes) {
  const KeyValues labels = nodes.accelerator_labels.empty() && offer.accelerator.count > 0
                               ? likely_labels(offer.accelerator.name)
                               : nodes.accelerator_labels;
  std::vector<std::pair<std::string, std::vector<std::string>>> kinds(labels.begin(), labels.end());
  const auto write_markets = [&](const auto* kind) {
    if (!offer.is_spot()) return write_term(json, kind, nullptr);
    for (const SpotLabel& spot : spot_labels) write_term(json, kind, &spot);
  };
  for (const auto& kind : kinds) write_markets(&kind);
  if (kinds.empty())
    write_markets(static_cast<const std::pair<std::string, std::vector<std::string>>*>(nullptr));
}

const char* gpu_resource(const core::Offer& offer) {
  return offer.accelerator.name.starts_with("MI") ? gpu_resources[1] : gpu_resources[0];
}

void write_value(JsonWriter& json, const std::string& name, const std::string& value) {
  json.begin_object().member("name", name).member("value", unexpanded(value)).end_object();
}

void write_toleration(JsonWriter& json, const char* key, const char* effect,
                      std::int64_t for_seconds) {
  json.begin_object().member("key", key).member("operator", "Exists").member("effect", effect);
  if (for_seconds > 0) json.member("tolerationSeconds", for_seconds);
  json.end_object();
}

}  // namespace

std::string unexpanded(std::string_view text) {
  std::string doubled;
  for (const char c : text) {
    doubled += c;
    if (c == '$') doubled += c;
  }
  return doubled;
}

NodeKinds node_kinds(const std::string& accelerator, const std::vector<Node>& nodes) {
  std::map<std::string, std::set<std::string>> found;
  NodeKinds kinds;
  for (const Node& node : nodes) {
    for (const auto& [key, value] : node.labels)
      if (key == "eks.amazonaws.com/capacityType" || key == "karpenter.sh/capacity-type")
        kinds.spot_grace = core::seconds(110);
    if (accelerator.empty() || accelerator_of(node.labels) != accelerator) continue;
    for (const char* key : accelerator_keys)
      if (const auto label = node.labels.find(key); label != node.labels.end()) {
        found[key].insert(label->second);
        break;  // the key that named it
      }
  }
  for (const auto& [key, values] : found)
    kinds.accelerator_labels[key] = {values.begin(), values.end()};
  return kinds;
}

void write_environment(JsonWriter& json, const core::LaunchInstance& launch,
                       const std::string& secret_name) {
  const std::string port = std::to_string(launch.spec.resources.port);
  json.key("env").begin_array();
  // A name is there once: what the service says wins over PORT, and we over the service.
  std::vector<std::pair<std::string, std::string>> values;
  const auto set = [&](const std::string& name, const std::string& value) {
    std::erase_if(values, [&](const auto& one) { return one.first == name; });
    values.emplace_back(name, value);
  };
  set("PORT", port);
  for (const auto& [name, value] : launch.spec.task.envs) set(name, value);
  set("SKYPILOT_SERVE_REPLICA_ID", std::to_string(launch.replica.value));
  set("SKYPILOT_NODE_RANK", "0");
  set("SKYPILOT_NUM_NODES", "1");
  set("SKYPILOT_NUM_GPUS_PER_NODE", std::to_string(launch.offer.accelerator.count));
  set("SKYCTL_REPLICA_PORT", port);
  for (const std::string& name : launch.spec.task.secret_names)
    std::erase_if(values, [&](const auto& one) { return one.first == name; });
  for (const auto& [name, value] : values) write_value(json, name, value);
  if (!secret_name.empty())
    for (const std::string& name : launch.spec.task.secret_names) {
      json.begin_object().member("name", name).key("valueFrom").begin_object();
      json.key("secretKeyRef").begin_object().member("name", secret_name).member("key", name);
      json.end_object().end_object().end_object();
    }
  json.end_array();
}

void write_resources(JsonWriter& json, const core::Offer& offer) {
  json.key("resources").begin_object().key("requests").begin_object();
  json.member("cpu", std::to_string(offer.vcpus));
  json.member("memory", std::to_string(offer.memory_mib) + "Mi").end_object();
  if (offer.accelerator.count > 0) {
    json.key("limits").begin_object();
    json.member(gpu_resource(offer), std::to_string(offer.accelerator.count)).end_object();
  }
  json.end_object();
}

void write_affinity(JsonWriter& json, const core::LaunchInstance& launch, const Labels& labels,
                    const NodeKinds& nodes) {
  json.key("affinity").begin_object().key("nodeAffinity").begin_object();
  json.key("requiredDuringSchedulingIgnoredDuringExecution").begin_object();
  json.key("nodeSelectorTerms").begin_array();
  write_terms(json, launch.offer, nodes);
  json.end_array().end_object().end_object();
  // Replicas of a service on different nodes where that is possible: a node takes one of them.
  json.key("podAntiAffinity").begin_object();
  json.key("preferredDuringSchedulingIgnoredDuringExecution").begin_array().begin_object();
  json.member("weight", 100).key("podAffinityTerm").begin_object();
  json.member("topologyKey", "kubernetes.io/hostname").key("labelSelector").begin_object();
  json.key("matchLabels").begin_object().member(label_log, labels.log_id);
  json.member(label_service, labels.service).end_object().end_object().end_object();
  json.end_object().end_array().end_object().end_object();
}

void write_tolerations(JsonWriter& json, const core::Offer& offer) {
  json.key("tolerations").begin_array();
  for (const char* key : {"node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"})
    write_toleration(json, key, "NoExecute", dead_node_seconds);
  if (offer.accelerator.count > 0) write_toleration(json, gpu_resource(offer), "NoSchedule", 0);
  if (offer.is_spot())
    for (const SpotLabel& one : spot_labels) write_toleration(json, one.key, "NoSchedule", 0);
  json.end_array();
}

core::Duration grace_of(const core::Offer& offer, const NodeKinds& nodes) {
  return offer.is_spot() ? nodes.spot_grace : usual_grace;
}

}  // namespace sky::adapters::kubernetes
