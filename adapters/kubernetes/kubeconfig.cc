#include "adapters/kubernetes/kubeconfig.h"

#include <cstdlib>
#include <sstream>

#include "adapters/digest.h"
#include "adapters/durable_file.h"
#include "adapters/service_file_tree.h"

namespace sky::adapters::kubernetes {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr std::size_t longest_file = std::size_t{1} << 20;  // as of max_yaml_bytes

// Reads members of one map; the first wrong one is kept as the error.
class Members {
 public:
  Members(const YamlNode* node, const std::filesystem::path& file, std::optional<Error>& error)
      : node_(node), file_(file), error_(error) {}

  std::string text(std::string_view key) const {
    const YamlNode* value = find(key);
    if (value == nullptr || value->kind == YamlNode::Kind::null) return {};
    if (!value->is_scalar()) wrong(*value, key, "must be text");
    return value->text;
  }
  bool flag(std::string_view key) const { return text(key) == "true"; }

  std::filesystem::path path(std::string_view key) const {
    const std::string value = text(key);
    return value.empty() ? std::filesystem::path() : file_.parent_path() / value;
  }

  Pem pem(const std::string& key) const {
    const std::string data = text(key + "-data");
    if (data.empty()) return {{}, path(key)};
    auto decoded = base64_decoded(data);
    if (decoded) return {std::move(*decoded), {}};
    wrong(*find(key + "-data"), key + "-data", "is not base64");
    return {};
  }

  std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> found;
    for (const YamlNode& item : items(key)) found.push_back(item.text);
    return found;
  }

  const std::vector<YamlNode>& items(std::string_view key) const {
    static const std::vector<YamlNode> none;
    const YamlNode* value = find(key);
    if (value == nullptr || value->kind == YamlNode::Kind::null) return none;
    if (value->kind != YamlNode::Kind::list) wrong(*value, key, "must be a list");
    return value->items;
  }

  Members at(std::string_view key) const { return {find(key), file_, error_}; }
  Members of(const YamlNode& node) const { return {&node, file_, error_}; }
  bool is_present() const { return node_ != nullptr && node_->kind == YamlNode::Kind::map; }

 private:
  const YamlNode* find(std::string_view key) const {
    return is_present() ? node_->find(key) : nullptr;
  }
  void wrong(const YamlNode& at, std::string_view key, const char* what) const {
    if (error_) return;
    error_ = Error{ErrorCode::invalid_input, file_.string() + ":" + std::to_string(at.line) + ": " +
                                                 std::string(key) + " " + what};
  }

  const YamlNode* node_;
  const std::filesystem::path& file_;
  std::optional<Error>& error_;
};

KubeCluster read_cluster(const Members& map) {
  return {.server = map.text("server"),
          .authority = map.pem("certificate-authority"),
          .skip_verification = map.flag("insecure-skip-tls-verify"),
          .tls_server_name = map.text("tls-server-name"),
          .proxy_url = map.text("proxy-url")};
}

ExecPlugin read_exec(const Members& map) {
  ExecPlugin plugin{.api_version = map.text("apiVersion"),
                    .command = map.text("command"),
                    .arguments = map.texts("args"),
                    .environment = {},
                    .install_hint = map.text("installHint"),
                    .interactive_mode = map.text("interactiveMode"),
                    .wants_cluster_info = map.flag("provideClusterInfo")};
  for (const YamlNode& item : map.items("env")) {
    const Members one = map.of(item);
    plugin.environment.emplace_back(one.text("name"), one.text("value"));
  }
  // With a slash it is a path beside the file, without one a program of PATH.
  if (plugin.command.find('/') != std::string::npos) plugin.command = map.path("command").string();
  return plugin;
}

KubeUser read_user(const Members& map) {
  KubeUser user{.certificate = map.pem("client-certificate"),
                .key = map.pem("client-key"),
                .token = map.text("token"),
                .token_file = map.path("tokenFile"),
                .exec = {},
                .act_as = map.text("as"),
                .act_as_groups = map.texts("as-groups"),
                .act_as_uid = map.text("as-uid"),
                .has_password = !map.text("username").empty()};
  if (map.at("exec").is_present()) user.exec = read_exec(map.at("exec"));
  return user;
}

// "a, b, c"
std::string names_of(const Kubeconfig& config) {
  std::string text;
  for (const auto& [name, context] : config.contexts) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

Result<Access> in_cluster_access(const KubeEnvironment& environment) {
  const auto& folder = environment.service_account;
  Access access;
  access.context = "in-cluster";
  const bool is_ipv6 = environment.service_host.find(':') != std::string::npos;
  const std::string host =
      is_ipv6 ? "[" + environment.service_host + "]" : environment.service_host;
  access.cluster.server = "https://" + host + ":" +
                          (environment.service_port.empty() ? "443" : environment.service_port);
  access.cluster.authority.file = folder / "ca.crt";
  access.user.token_file = folder / "token";
  const auto name_space = read_file(folder / "namespace", longest_file);
  access.name_space = name_space && !name_space->empty() ? *name_space : "default";
  return access;
}

std::vector<std::filesystem::path> paths_of(const KubeEnvironment& environment) {
  std::vector<std::filesystem::path> paths;
  if (!environment.kubeconfig || environment.kubeconfig->empty()) {
    if (!environment.home.empty())
      paths.push_back(std::filesystem::path(environment.home) / ".kube" / "config");
    return paths;
  }
  std::istringstream list(*environment.kubeconfig);
  for (std::string path; std::getline(list, path, ':');)
    if (!path.empty()) paths.emplace_back(path);
  return paths;
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::filesystem::path& file) {
  const auto root = parse_yaml(text, file.string());
  if (!root) return root.error();
  std::optional<Error> error;
  const Members map(&*root, file, error);
  Kubeconfig config;
  config.current_context = map.text("current-context");
  // Of a name that is there twice the first counts, as of files.
  for (const YamlNode& item : map.items("clusters"))
    config.clusters.emplace(map.of(item).text("name"), read_cluster(map.of(item).at("cluster")));
  for (const YamlNode& item : map.items("users"))
    config.users.emplace(map.of(item).text("name"), read_user(map.of(item).at("user")));
  for (const YamlNode& item : map.items("contexts")) {
    const Members one = map.of(item).at("context");
    config.contexts.emplace(
        map.of(item).text("name"),
        KubeContext{one.text("cluster"), one.text("user"), one.text("namespace")});
  }
  if (error) return *error;
  return config;
}

void merge_kubeconfig(Kubeconfig& into, const Kubeconfig& later) {
  if (into.current_context.empty()) into.current_context = later.current_context;
  into.clusters.insert(later.clusters.begin(), later.clusters.end());
  into.users.insert(later.users.begin(), later.users.end());
  into.contexts.insert(later.contexts.begin(), later.contexts.end());
}

Result<Access> choose_access(const Kubeconfig& config, const std::string& wanted) {
  const std::string& name = wanted.empty() ? config.current_context : wanted;
  if (name.empty())
    return Error{ErrorCode::not_found, "the kubeconfig has no current-context; choose one of: " +
                                           names_of(config) + " (`kubectl config use-context`)"};
  const auto context = config.contexts.find(name);
  if (context == config.contexts.end())
    return Error{ErrorCode::not_found,
                 "the kubeconfig has no context '" + name + "'; there is: " + names_of(config)};
  const auto cluster = config.clusters.find(context->second.cluster);
  if (cluster == config.clusters.end() || cluster->second.server.empty())
    return Error{ErrorCode::not_found, "context '" + name + "' names the cluster '" +
                                           context->second.cluster +
                                           "', which the kubeconfig does not define"};
  Access access{name, cluster->second, {}, context->second.name_space};
  if (access.name_space.empty()) access.name_space = "default";
  if (const auto user = config.users.find(context->second.user); user != config.users.end())
    access.user = user->second;
  else if (!context->second.user.empty())
    return Error{ErrorCode::not_found, "context '" + name + "' names the user '" +
                                           context->second.user +
                                           "', which the kubeconfig does not define"};
  if (access.user.has_password)
    return Error{ErrorCode::unsupported,
                 "user '" + context->second.user +
                     "' has a password: Kubernetes has not taken those since 1.19; use a token, a "
                     "client certificate or an exec plugin"};
  return access;
}

KubeEnvironment kube_environment() {
  const auto text = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  KubeEnvironment environment;
  if (const char* paths = std::getenv("KUBECONFIG")) environment.kubeconfig = paths;
  environment.home = text("HOME");
  environment.service_host = text("KUBERNETES_SERVICE_HOST");
  environment.service_port = text("KUBERNETES_SERVICE_PORT");
  return environment;
}

bool is_in_cluster(const KubeEnvironment& environment) {
  std::error_code failed;
  return !environment.service_host.empty() &&
         std::filesystem::exists(environment.service_account / "token", failed);
}

Result<Access> find_access(const KubeEnvironment& environment, const std::string& context) {
  Kubeconfig merged;
  std::string looked;
  bool is_found = false;
  for (const auto& path : paths_of(environment)) {
    looked += (looked.empty() ? "" : ", ") + path.string();
    const auto text = read_file(path, longest_file);
    if (!text && text.error().code == ErrorCode::not_found) continue;  // kubectl skips those too
    if (!text) return text.error();
    auto parsed = parse_kubeconfig(*text, std::filesystem::absolute(path));
    if (!parsed) return parsed.error();
    merge_kubeconfig(merged, *parsed);
    is_found = true;
  }
  if (is_found) return choose_access(merged, context);
  if (is_in_cluster(environment)) return in_cluster_access(environment);
  return Error{ErrorCode::not_found,
               "no kubeconfig (looked at: " + (looked.empty() ? "nothing" : looked) +
                   ") and not in a pod; set KUBECONFIG or write ~/.kube/config"};
}

}  // namespace sky::adapters::kubernetes
