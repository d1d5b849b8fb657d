// Another replica policy, written as a change of the one that a service has.
//
// `replica_policy:` alone changes the keys it names. A service file replaces the whole policy; its
// other keys are named in `left_out`, because a policy is all that is changed. `--set` puts single
// keys on top: "replica_policy.max_replicas=8". Text in, values out; any thread, nothing is stored.
// Errors: invalid_input, in lines "FILE:LINE: key: what is wrong", as for a service file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/service_file_tree.h"
#include "core/result.h"
#include "core/spec.h"

namespace sky::adapters {

class PolicyChange {
 public:
  // `text` of `file_name`, and then the assignments; at least one of them says something.
  static core::Result<PolicyChange> read(const std::optional<std::string_view>& text,
                                         const std::string& file_name,
                                         const std::vector<std::string>& assignments);

  // The policy of that service with the change made; checked as a service file's is.
  core::Result<core::ReplicaPolicy> apply(const core::ServiceSpec& spec) const;

  // Keys of the file that are no policy: "resources", "service.readiness_probe".
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  std::string file_name_;
  YamlNode policy_;  // a map
  int line_ = 0;
  bool replaces_ = false;
  std::optional<YamlNode> replicas_;  // `service.replicas`: a fixed number instead
  std::vector<std::string> left_out_;
};

}  // namespace sky::adapters
