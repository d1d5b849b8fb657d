#include "adapters/service_file.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "adapters/service_file_sections.h"

namespace sky::adapters {
namespace {

constexpr std::size_t longest_name = 63;  // a Kubernetes label's limit

void refuse_unsupported(MapReader& map) {
  map.refuse("pool", "job pools are not services; not supported");
  map.refuse("file_mounts", "copying files to replicas is not supported yet");
  map.refuse("file_mounts_mapping", "copying files to replicas is not supported yet");
  map.refuse("volumes", "volumes are not supported yet");
  map.refuse("volume_mounts", "volumes are not supported yet");
  map.refuse("inputs", "is for batch tasks, not for services");
  map.refuse("outputs", "is for batch tasks, not for services");
  map.refuse("event_callback", "callbacks are not supported; see `skyctl events --follow`");
  map.refuse("experimental", "experimental SkyPilot settings are not supported");
}

// `config:` overrides SkyPilot's own settings; all of it is theirs.
void refuse_config(MapReader& map) {
  const auto config = map.value("config");
  if (!config) return;
  if (config->node->find("hooks") != nullptr) {
    const Field hooks{config->node->find("hooks"), config->line, "config.hooks", config->problems};
    hooks.unsupported("lifecycle hooks are not supported yet");
  } else {
    config->unsupported("SkyPilot's client settings have no meaning here");
  }
}

void check_single_node(MapReader& map) {
  const auto nodes = map.value("num_nodes");
  if (!nodes) return;
  const auto count = nodes->count({1, 10'000});
  if (count && *count > 1)
    nodes->unsupported("replicas of more than one machine are not supported yet");
}

core::Task read_task(MapReader& map, const LoadOptions& options, Problems& problems) {
  core::Task task;
  if (const auto value = map.value("setup")) task.setup = value->text().value_or("");
  const auto run = map.value("run");
  if (run) task.run = run->text().value_or("");
  if (options.setup) task.setup = *options.setup;
  if (options.run) task.run = *options.run;
  if (task.run.find_first_not_of(" \t\r\n") == std::string::npos)
    problems.add(run ? run->line : 1, "run",
                 "is missing: the command that serves, in the foreground");
  if (const auto value = map.value("workdir")) {
    if (value->node->kind == YamlNode::Kind::map)
      value->unsupported("a work directory from git is not supported yet; give a path");
    else
      task.workdir = value->text().value_or("");
  }
  return task;
}

// The port the replica listens on: the only one opened, or the one `service.ports` names.
std::uint16_t service_port(const ReadResources& resources, const ReadService& service,
                           Problems& problems) {
  const auto& ports = resources.ports;
  if (service.port) {
    const auto port = service.port->count({1, 65'535});
    if (!port) return 0;
    if (std::find(ports.begin(), ports.end(), *port) == ports.end())
      service.port->wrong(fmt::format("{} is not one of resources.ports", *port));
    return static_cast<std::uint16_t>(*port);
  }
  if (ports.size() == 1) return ports.front();
  if (ports.empty())
    problems.add(resources.line, "resources.ports", "is missing: the port the service listens on");
  else
    problems.add(
        resources.line, "resources.ports",
        fmt::format("opens {} ports; say with service.ports which one serves", ports.size()));
  return 0;
}

void check_spot_keys(const ReadResources& resources, const ReadService& service) {
  if (service.first_spot_key && !resources.all_spot)
    service.first_spot_key->wrong("needs resources.use_spot: true");
  if (service.spot_placer && resources.differ_beyond_place)
    service.spot_placer->wrong(
        "the choices in resources may differ only in infra (cloud, region, zone)");
}

void check_names_differ(const NamedValues& envs, const NamedValues& secrets, Problems& problems,
                        int line) {
  for (const auto& [name, value] : secrets)
    if (std::any_of(envs.begin(), envs.end(), [&](const auto& env) { return env.first == name; }))
      problems.add(line, "secrets." + name, "is in envs too; keep it in one of the two");
}

void read_variables(YamlNode& root, const LoadOptions& options, LoadedService& loaded,
                    Problems& problems) {
  MapReader map({&root, 1, "", &problems});
  const auto envs = map.value("envs");
  const auto secrets = map.value("secrets");
  loaded.spec.task.envs = read_variables(envs, "envs", "--env", options.envs, problems);
  loaded.secrets = read_variables(secrets, "secrets", "--secret", options.secrets, problems);
  check_names_differ(loaded.spec.task.envs, loaded.secrets, problems, secrets ? secrets->line : 0);
  std::vector<std::string> known;
  for (const auto& [name, value] : loaded.spec.task.envs) known.push_back(name);
  for (const auto& [name, value] : loaded.secrets) known.push_back(name);
  if (YamlNode* service = root.find("service"))
    substitute(*service, loaded.spec.task.envs, known, "service", problems);
}

void read_document(const YamlNode& root, const LoadOptions& options, LoadedService& loaded,
                   Problems& problems) {
  core::ServiceSpec& spec = loaded.spec;
  MapReader map({&root, 1, "", &problems});
  if (const auto name = map.value("name")) name->text();  // SkyServe's: the service name wins
  map.find("envs");
  map.find("secrets");
  auto envs = std::move(spec.task.envs);
  spec.task = read_task(map, options, problems);
  spec.task.envs = std::move(envs);
  for (const auto& [name, value] : loaded.secrets) spec.task.secret_names.push_back(name);

  const auto service_field = map.value("service");
  const auto resources_field = map.value("resources");
  if (!service_field) problems.add(1, "service", "is missing: this is no service file");
  if (!resources_field && service_field)
    problems.add(1, "resources.ports", "is missing: the port the service listens on");
  if (service_field && resources_field) {
    const ReadResources resources = read_resources(*resources_field);
    const ReadService service = read_service(*service_field);
    spec.resources = resources.resources;
    spec.resources.port = service_port(resources, service, problems);
    spec.probe = service.probe;
    spec.replicas = service.replicas;
    spec.balancer = service.balancer;
    spec.rollout = service.rollout;
    check_spot_keys(resources, service);
  }
  check_single_node(map);
  refuse_config(map);
  refuse_unsupported(map);
  map.finish();
}

}  // namespace

bool is_service_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_end = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  const auto is_middle = [&](char c) { return is_end(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= longest_name && is_letter(name.front()) &&
         is_end(name.back()) && std::all_of(name.begin(), name.end(), is_middle);
}

core::Result<LoadedService> load_service(std::string_view yaml_text, const std::string& file_name,
                                         const LoadOptions& options) {
  auto root = parse_yaml(yaml_text, file_name);
  if (!root) return root.error();
  if (root->kind != YamlNode::Kind::map) {
    const bool empty = root->kind == YamlNode::Kind::null;
    return core::Error{core::ErrorCode::invalid_input,
                       fmt::format("{}:{}: {}", file_name, empty ? 1 : root->line,
                                   empty ? "the file is empty"
                                         : fmt::format("must be a map of keys and values, is {}",
                                                       kind_text(*root)))};
  }
  Problems problems(file_name);
  for (const std::string& override_text : options.overrides)
    apply_override(*root, override_text, problems);
  LoadedService loaded;
  read_variables(*root, options, loaded, problems);
  read_document(*root, options, loaded, problems);
  loaded.spec.sandbox = options.sandbox;
  loaded.spec.no_paid_overflow = options.no_paid_overflow;
  if (options.name && !is_service_name(*options.name))
    return core::Error{
        core::ErrorCode::usage,
        fmt::format("`{}` is no service name: a letter first, then letters, digits, `-`, `_`, `.`, "
                    "a letter or digit last, at most {} in all",
                    *options.name, longest_name)};
  loaded.spec.name = options.name.value_or("");
  if (!problems.empty()) return problems.error();
  return loaded;
}

}  // namespace sky::adapters
