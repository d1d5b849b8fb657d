#include "cli/probe_tasks.h"

#include <map>
#include <utility>

#include "adapters/service_file_variables.h"

namespace sky::cli {
namespace {

adapters::ProbeTask probe_task(const projections::ProbeTarget& target,
                               const adapters::Secrets& secrets) {
  adapters::ProbeTask task;
  task.service = target.service;
  task.replica = target.replica;
  task.attempt = target.attempt;
  task.host = target.host;
  task.port = target.port;
  task.path = adapters::fill_secrets(target.probe.path, secrets);
  task.timeout = target.probe.timeout;
  task.interval = target.interval;
  for (const auto& [name, value] : target.probe.headers)
    task.headers.push_back(name + ": " + adapters::fill_secrets(value, secrets));
  if (target.probe.post_data) {
    task.method = "POST";
    task.body = adapters::fill_secrets_in_json(*target.probe.post_data, secrets);
    if (!target.probe.headers.contains("Content-Type") &&
        !target.probe.headers.contains("content-type"))
      task.headers.push_back("Content-Type: application/json");
  }
  return task;
}

}  // namespace

std::vector<adapters::ProbeTask> probe_tasks(const std::vector<projections::ProbeTarget>& targets,
                                             const adapters::EffectRunner::SecretsOf& secrets_of) {
  std::map<std::pair<core::ServiceName, core::Version>, adapters::Secrets> known;
  std::vector<adapters::ProbeTask> tasks;
  tasks.reserve(targets.size());
  for (const projections::ProbeTarget& target : targets) {
    const auto [found, is_new] = known.try_emplace({target.service, target.version});
    if (is_new) {
      auto secrets = secrets_of(target.service, target.version);
      if (secrets) found->second = std::move(*secrets);
    }
    tasks.push_back(probe_task(target, found->second));
  }
  return tasks;
}

}  // namespace sky::cli
