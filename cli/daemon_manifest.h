// The control plane as objects of a cluster: what `skyctl daemon manifest` prints. Pure.
//
// One StatefulSet of one replica with a volume for the log, a service account with the rights that
// adapters/kubernetes/permissions.h lists and no others, and a Service for the endpoints. The API
// stays a unix socket in the pod: `kubectl exec` is who may use it.
#pragma once

#include <cstdint>
#include <string>

namespace sky::cli {

struct ManifestOptions {
  std::string name_space = "default";
  std::string image;  // made by scripts/Dockerfile
  std::string storage = "20Gi";
  std::string service_type = "LoadBalancer";  // of the endpoints
  std::uint16_t endpoints = 5;  // ports from 30001 on: one a service
  std::string config;  // text of config.yaml; empty: none
};

// YAML documents, to be piped into `kubectl apply -f -`.
std::string daemon_manifest(const ManifestOptions& options);

}  // namespace sky::cli
