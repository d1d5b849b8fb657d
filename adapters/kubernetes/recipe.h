// The objects a replica is made of on a cluster, as JSON for a server-side apply.
//
// One anchor ConfigMap per service owns everything, so that deleting it collects the rest even
// when we are gone. Names are never used twice: a pod's holds replica, attempt and launch token.
// Pure; any thread. Errors: invalid_input, when a spec cannot be a pod; the text says why not.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/kubernetes/pod.h"
#include "adapters/kubernetes/settings.h"
#include "core/result.h"

namespace sky::adapters::kubernetes {

inline constexpr std::size_t max_script_bytes = 100'000;  // an argument has at most 128 KiB (Linux)
inline constexpr std::size_t max_workdir_bytes = 700'000;  // a ConfigMap holds 1 MiB
inline constexpr std::size_t max_workdir_files = 500;  // a guess

// A file of `workdir`, by its path below it.
struct WorkFile {
  std::string path;
  std::string content;
  bool is_executable = false;
};

struct Labels {
  core::LogId log_id;
  core::ServiceName service;
};

std::string anchor_name(const Labels& labels);  // "llama3-1f2e3d4c"
std::string version_name(const Labels& labels, core::Version version);  // of Secret and workdir
std::string pod_name(const core::ServiceName& service, core::ReplicaId replica,
                     std::uint32_t attempt, const std::string& token);

// What of the cluster's nodes a pod must know: label values that mean its accelerator, by key.
struct NodeKinds {
  std::map<std::string, std::vector<std::string>> accelerator_labels;
  core::Duration spot_grace = core::seconds(15);  // GKE's; AWS leaves two minutes
};
NodeKinds node_kinds(const std::string& accelerator, const std::vector<Node>& nodes);

struct PodOrder {
  const core::LaunchInstance& launch;
  Labels labels;
  std::string anchor_uid;
  const Settings& settings;
  NodeKinds nodes;
  bool has_secret = false;
  std::vector<WorkFile> files;
};

std::string anchor_json(const Labels& labels);
std::string secret_json(const Labels& labels, core::Version version, const std::string& anchor_uid,
                        const Secrets& secrets);
core::Result<std::string> workdir_json(const Labels& labels, core::Version version,
                                       const std::string& anchor_uid,
                                       const std::vector<WorkFile>& files);
core::Result<std::string> pod_json(const PodOrder& order);
// Of one replica, owned by its pod. `expose`: node_port or load_balancer.
std::string service_json(const Pod& pod, std::uint16_t port, Expose expose);

// One container image for a replica; a machine image of another cloud is refused.
core::Result<std::string> image_of(const core::LaunchInstance& launch, const Settings& settings);

}  // namespace sky::adapters::kubernetes
