// How a home uses its cluster, from config.yaml. Values with their defaults.
#pragma once

#include <string>
#include <vector>

#include "core/time.h"

namespace sky::adapters::kubernetes {

// How a replica is reached (SkyPilot's `kubernetes.ports`, and ours).
enum class Expose : std::uint8_t {
  automatic,  // pod_ip where the daemon runs in the cluster, else load_balancer
  pod_ip,
  node_port,
  load_balancer,
};

// SkyPilot's `kubernetes.autoscaler`: does somebody add nodes when a pod finds none?
enum class Autoscaler : std::uint8_t { none, cluster_autoscaler, karpenter };

struct Settings {
  std::string context;  // empty: the current one
  Expose expose = Expose::automatic;
  Autoscaler autoscaler = Autoscaler::none;
  // `kubernetes.remote_identity`: SERVICE_ACCOUNT and NO_UPLOAD mean what is done anyway, no
  // credential of a person enters a pod; any other text is the service account of replicas.
  std::string service_account;
  // A service without `image_id`. It has a shell, curl, tar and python3.
  std::string image = "docker.io/library/buildpack-deps:bookworm";
  // How long a pod may wait for a node that an autoscaler brings (SkyPilot waits 15 minutes).
  core::Duration node_patience = core::seconds(900);
  // `serve.controller.resources.cloud: kubernetes`: the control plane belongs into the cluster.
  bool controller_in_cluster = false;
  bool operator==(const Settings&) const = default;
};

}  // namespace sky::adapters::kubernetes
