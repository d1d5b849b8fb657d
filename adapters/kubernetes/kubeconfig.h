// Kubeconfig files: which clusters there are, and who we are to them.
//
// Parsing, merging and choosing are pure; load_kubeconfig() reads files. The rules are kubectl's:
// of several files the first one to define a name (or the current context) wins, paths inside a
// file are relative to it. Texts of keys and tokens are held in memory only.
// Errors: invalid_input with the file; not_found; unsupported (users with a password).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace sky::adapters::kubernetes {

// PEM text, or the file it is read from each time it is needed; both empty: none.
struct Pem {
  std::string text;
  std::filesystem::path file;
  bool is_given() const { return !text.empty() || !file.empty(); }
  bool operator==(const Pem&) const = default;
};

// A program that prints an ExecCredential (client.authentication.k8s.io/v1 or v1beta1).
struct ExecPlugin {
  std::string api_version;
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string install_hint;
  std::string interactive_mode;  // Never, IfAvailable, Always; we are never interactive
  bool wants_cluster_info = false;
  bool operator==(const ExecPlugin&) const = default;
};

struct KubeCluster {
  std::string server;  // "https://HOST:PORT"
  Pem authority;
  bool skip_verification = false;
  std::string tls_server_name;  // the name to prove instead of the server's
  std::string proxy_url;
  bool operator==(const KubeCluster&) const = default;
};

struct KubeUser {
  Pem certificate;
  Pem key;
  std::string token;
  std::filesystem::path token_file;  // wins over `token`
  std::optional<ExecPlugin> exec;
  std::string act_as;  // impersonation
  std::vector<std::string> act_as_groups;
  std::string act_as_uid;
  bool has_password = false;  // basic authentication: gone from servers since 1.19
  bool operator==(const KubeUser&) const = default;
};

struct KubeContext {
  std::string cluster;
  std::string user;
  std::string name_space;  // empty: "default"
  bool operator==(const KubeContext&) const = default;
};

struct Kubeconfig {
  std::string current_context;
  std::map<std::string, KubeCluster> clusters;
  std::map<std::string, KubeUser> users;
  std::map<std::string, KubeContext> contexts;
  bool operator==(const Kubeconfig&) const = default;
};

core::Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::filesystem::path& file);

// What `later` defines and `into` does not.
void merge_kubeconfig(Kubeconfig& into, const Kubeconfig& later);

// One way into one cluster.
struct Access {
  std::string context;  // the name of the place: core::Place::region
  KubeCluster cluster;
  KubeUser user;
  std::string name_space;
};
// `context` empty: the current one. Errors: not_found with the contexts there are.
core::Result<Access> choose_access(const Kubeconfig& config, const std::string& context);

// What of the environment says where to look.
struct KubeEnvironment {
  std::optional<std::string> kubeconfig;  // KUBECONFIG: paths, separated by ':'
  std::string home;
  std::string service_host;  // KUBERNETES_SERVICE_HOST: we are in a pod
  std::string service_port;
  std::filesystem::path service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};
KubeEnvironment kube_environment();  // of this process

// In this order: KUBECONFIG, ~/.kube/config, the pod we run in. Errors: not_found when there is
// none, naming where was looked.
core::Result<Access> find_access(const KubeEnvironment& environment, const std::string& context);

// Whether we run in a pod of a cluster.
bool is_in_cluster(const KubeEnvironment& environment);

}  // namespace sky::adapters::kubernetes
