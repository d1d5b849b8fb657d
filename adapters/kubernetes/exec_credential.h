// The two JSON documents between us and a credential plugin. Pure; any thread.
//
// What the plugin prints holds secrets: no error repeats it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/kubernetes/kubeconfig.h"
#include "core/result.h"
#include "core/time.h"

namespace sky::adapters::kubernetes {

struct ExecCredential {
  std::string token;  // or
  std::string certificate;  // PEM, both
  std::string key;
  std::optional<core::WallTime> expires;
};

// Of KUBERNETES_EXEC_INFO. `authority`: PEM, told only when the plugin wants to know the cluster.
std::string exec_info(const ExecPlugin& plugin, const KubeCluster& cluster,
                      const std::string& authority);

// Errors: invalid_input: another apiVersion than the plugin was asked for, nothing to log in with.
core::Result<ExecCredential> read_exec_credential(std::string_view json, const ExecPlugin& plugin);

}  // namespace sky::adapters::kubernetes
