// A Pod, a Node and an Event as the API sends them, read into what we look at. Pure; any thread.
//
// An object of a hundred kilobytes becomes a few hundred bytes: managedFields and all the rest are
// skipped, not stored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/json.h"
#include "core/ids.h"
#include "core/offer.h"
#include "core/result.h"

namespace sky::adapters::kubernetes {

struct PodCondition {
  std::string type;  // "PodScheduled"
  std::string status;  // "True", "False", "Unknown"
  std::string reason;
  std::string message;
  bool operator==(const PodCondition&) const = default;
};

struct ContainerState {
  std::string name;
  bool is_init = false;
  bool is_running = false;
  bool is_ready = false;
  std::uint32_t restarts = 0;
  std::string waiting_reason;  // "ImagePullBackOff"
  std::string waiting_message;
  std::string ended_reason;  // of the state, or else of the last one: "OOMKilled"
  std::int32_t exit_code = 0;
  bool operator==(const ContainerState&) const = default;
};

struct Pod {
  std::string name;
  std::string name_space;
  std::string uid;
  std::string version;  // metadata.resourceVersion: compared for equality only
  std::string node;
  std::string phase;  // "Pending", "Running", "Failed", "Succeeded"
  std::string reason;
  std::string message;
  std::string ip;
  std::string host_ip;
  bool is_deleting = false;
  std::int64_t deletion_grace_seconds = 0;
  std::vector<PodCondition> conditions;
  std::vector<ContainerState> containers;
  // Which replica it is, by our labels and annotations.
  core::LogId log_id;
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;
  std::string token;
  bool operator==(const Pod&) const = default;

  const PodCondition* condition(std::string_view type) const;
  const ContainerState* container(std::string_view name) const;
};

struct Taint {
  std::string key;
  std::string effect;
  bool operator==(const Taint&) const = default;
};

struct Node {
  std::string name;
  std::string version;
  std::map<std::string, std::string> labels;  // those of accelerators and markets only
  std::vector<Taint> taints;
  std::string ready;  // status of the condition Ready
  std::string address;  // external, or else internal
  bool is_unschedulable = false;
  std::uint32_t milli_cpus = 0;  // allocatable
  std::uint32_t memory_mib = 0;
  std::uint32_t gpus = 0;
  bool operator==(const Node&) const = default;
};

// Errors: invalid_input, when it is no such object.
core::Result<Pod> read_pod(const JsonView& object);
core::Result<Node> read_node(const JsonView& object);

// A quantity as the API writes them: "1", "500m", "16Gi", "1e3"; none: something else.
std::optional<double> read_quantity(std::string_view text);

// Ours, on everything we make.
inline constexpr const char* label_log = "skyctl.dev/log";
inline constexpr const char* label_service = "skyctl.dev/service";
inline constexpr const char* label_replica = "skyctl.dev/replica";
inline constexpr const char* label_attempt = "skyctl.dev/attempt";
inline constexpr const char* label_version = "skyctl.dev/version";
inline constexpr const char* annotation_token = "skyctl.dev/launch-token";
inline constexpr const char* main_container = "replica";

}  // namespace sky::adapters::kubernetes
