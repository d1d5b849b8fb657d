// Makes everything a replica is made of, in order: anchor, secret, workdir, pod. Loop thread.
//
// Each step is a server-side apply by name, so a half-made replica is finished by making it again.
// A pod that is there already with our launch token is adopted, whatever else it says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/kubernetes/api_client.h"
#include "adapters/kubernetes/pod.h"
#include "adapters/kubernetes/recipe.h"

namespace sky::adapters::kubernetes {

using PodMade = std::function<void(std::variant<Pod, core::Failure>)>;

// "/api/v1/namespaces/NAMESPACE/KIND"
std::string namespaced(const ApiClient& client, const std::string& kind);

// `done` is called once, later; never when `client` is destroyed before. Nothing here ends a pod.
void make_pod(ApiClient& client, const Settings& settings, const core::LogId& log_id,
              const core::LaunchInstance& order, const Secrets& secrets,
              const std::vector<Node>& nodes, PodMade done);

// The files of a folder, by their paths below it; "~" is the home of whoever runs the daemon.
// Errors: not_found, invalid_input (too much of it, or what is no file).
core::Result<std::vector<WorkFile>> read_workdir(const std::string& folder);

}  // namespace sky::adapters::kubernetes
