// The service file: SkyPilot's service YAML, read, checked and turned into a core::ServiceSpec.
//
// Everything wrong with a file is found here, before anything is started: unknown keys, wrong
// types, rules between keys, keys that are known and not supported yet. Nothing is ignored. It
// reads no file and no environment: text in, values out. Any thread; nothing is stored.
// Errors: invalid_input or unsupported; up to 20 lines "FILE:LINE: key: what is wrong".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/service_file_variables.h"
#include "core/result.h"
#include "core/spec.h"

namespace sky::adapters {

// What the command line adds to the file or replaces in it.
struct LoadOptions {
  std::optional<std::string> name;
  NamedValues envs;  // --env K=V: replaces or adds
  NamedValues secrets;  // --secret K=V: the same
  std::optional<std::string> setup;  // --setup CMD
  std::optional<std::string> run;  // --run CMD
  std::vector<std::string> overrides;  // --set service.replica_policy.min_replicas=3
  core::Sandbox sandbox;
  bool no_paid_overflow = false;
};

struct LoadedService {
  core::ServiceSpec spec;  // name is empty when none was given: SkyServe makes one up
  NamedValues secrets;  // their values, and nowhere else
};

core::Result<LoadedService> load_service(std::string_view yaml_text, const std::string& file_name,
                                         const LoadOptions& options);

// [a-zA-Z]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?, at most 63 bytes (what a Kubernetes label can hold).
bool is_service_name(std::string_view name);

}  // namespace sky::adapters
