// What the labels of nodes say: which accelerator they have, and whether they are spot. And the
// other way round: which label values a pod must ask for to get one. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/offer.h"

namespace sky::adapters::kubernetes {

// Extended resources that are whole accelerators.
inline constexpr const char* gpu_resources[] = {"nvidia.com/gpu", "amd.com/gpu"};

// Keys that clusters name accelerators with, in SkyPilot's order of looking.
inline constexpr const char* accelerator_keys[] = {"skypilot.co/accelerator",
                                                   "cloud.google.com/gke-accelerator",
                                                   "karpenter.k8s.aws/instance-gpu-name",
                                                   "nvidia.com/gpu.product",
                                                   "gpu.nvidia.com/class",
                                                   "nebius.com/gpu-name"};

bool is_label_of_interest(std::string_view key);

// "T4", "A100-80GB": as catalogs name it, from any spelling of a cluster ("nvidia-tesla-t4",
// "Tesla-T4", "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb" is none). Empty: no accelerator is named.
std::string accelerator_of(const std::map<std::string, std::string>& labels);
std::string canonical_accelerator(std::string_view key, std::string_view value);

// GKE, EKS managed groups, Karpenter and AKS say so in their own words.
bool is_spot_node(const std::map<std::string, std::string>& labels);

// A label that a market of nodes carries: {"cloud.google.com/gke-spot", "true"}.
struct SpotLabel {
  const char* key;
  const char* value;
};
extern const std::vector<SpotLabel> spot_labels;

}  // namespace sky::adapters::kubernetes
