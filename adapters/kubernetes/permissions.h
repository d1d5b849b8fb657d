// What we ask of a cluster, as one table: the access reviews of `skyctl check`, and the Role that
// grants it. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "adapters/kubernetes/settings.h"

namespace sky::adapters::kubernetes {

struct Permission {
  std::string group;  // "" is the core group
  std::string resource;  // "pods", "pods/log"
  std::string verb;
  std::string why;
  bool is_cluster_wide = false;
  bool is_needed = true;  // false: something nice is missing without it
  bool operator==(const Permission&) const = default;
};

// All that these settings need. Services only where replicas get one.
std::vector<Permission> permissions(bool with_services);

// Body of POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews.
std::string access_review_json(const Permission& permission, const std::string& name_space);

// Role and RoleBinding (and ClusterRole with its own, when some are cluster-wide), as YAML.
std::string role_yaml(const std::vector<Permission>& wanted, const std::string& name_space,
                      const std::string& subject_yaml);

}  // namespace sky::adapters::kubernetes
