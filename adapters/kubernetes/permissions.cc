#include "adapters/kubernetes/permissions.h"

#include <map>
#include <utility>

#include "adapters/json.h"

namespace sky::adapters::kubernetes {
namespace {

struct Row {
  const char* resource;
  std::vector<const char*> verbs;
  const char* why;
  bool is_cluster_wide;
  bool is_needed;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"pods",
       {"create", "delete", "get", "list", "patch", "watch"},
       "replicas are pods",
       false,
       true},
      {"configmaps",
       {"create", "delete", "get", "patch"},
       "owner of a service's objects, workdir",
       false,
       true},
      {"secrets", {"create", "delete", "patch"}, "the service's `secrets`", false, true},
      {"pods/log", {"get"}, "`skyctl logs`", false, false},
      {"events", {"list"}, "what an autoscaler says of a pod without a node", false, false},
      {"nodes", {"get", "list", "watch"}, "accelerators, sizes and notices of nodes", true, true},
  };
  return all;
}

const std::vector<Row>& service_rows() {
  static const std::vector<Row> all = {{"services",
                                        {"create", "delete", "get", "patch"},
                                        "the address of a replica outside of the cluster",
                                        false,
                                        true}};
  return all;
}

// "pods/log" is resource and subresource.
std::pair<std::string, std::string> parts_of(const std::string& resource) {
  const std::size_t slash = resource.find('/');
  if (slash == std::string::npos) return {resource, {}};
  return {resource.substr(0, slash), resource.substr(slash + 1)};
}

std::string rules_yaml(const std::vector<Permission>& wanted, bool cluster_wide) {
  std::map<std::string, std::string> verbs;
  for (const Permission& one : wanted)
    if (one.is_cluster_wide == cluster_wide) {
      std::string& list = verbs[one.resource];
      list += (list.empty() ? "" : ", ") + one.verb;
    }
  std::string text;
  for (const auto& [resource, list] : verbs)
    text += "- apiGroups: [\"\"]\n  resources: [" + resource + "]\n  verbs: [" + list + "]\n";
  return text;
}

std::string role_and_binding(const std::string& kind, const std::string& name_space,
                             const std::string& rules, const std::string& subject) {
  const std::string place = name_space.empty() ? "" : ", namespace: " + name_space;
  return "apiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: skyctl" +
         place + "}\nrules:\n" + rules +
         "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind +
         "Binding\nmetadata: {name: skyctl" + place +
         "}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: " + kind +
         ", name: skyctl}\nsubjects:\n" + subject;
}

}  // namespace

std::vector<Permission> permissions(bool with_services) {
  std::vector<Permission> all;
  const auto add = [&](const std::vector<Row>& table) {
    for (const Row& row : table)
      for (const char* verb : row.verbs)
        all.push_back({"", row.resource, verb, row.why, row.is_cluster_wide, row.is_needed});
  };
  add(rows());
  if (with_services) add(service_rows());
  return all;
}

std::string access_review_json(const Permission& permission, const std::string& name_space) {
  const auto [resource, subresource] = parts_of(permission.resource);
  JsonWriter json;
  json.begin_object().member("apiVersion", "authorization.k8s.io/v1");
  json.member("kind", "SelfSubjectAccessReview").key("spec").begin_object();
  json.key("resourceAttributes").begin_object().member("group", permission.group);
  if (!permission.is_cluster_wide) json.member("namespace", name_space);
  json.member("resource", resource).member("verb", permission.verb);
  if (!subresource.empty()) json.member("subresource", subresource);
  json.end_object().end_object().end_object();
  return json.take();
}

std::string role_yaml(const std::vector<Permission>& wanted, const std::string& name_space,
                      const std::string& subject_yaml) {
  const std::string here = rules_yaml(wanted, false), everywhere = rules_yaml(wanted, true);
  std::string text;
  if (!here.empty()) text += role_and_binding("Role", name_space, here, subject_yaml);
  if (!here.empty() && !everywhere.empty()) text += "---\n";
  if (!everywhere.empty()) text += role_and_binding("ClusterRole", "", everywhere, subject_yaml);
  return text;
}

}  // namespace sky::adapters::kubernetes
