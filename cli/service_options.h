// The options `up` and `update` share: which file, and what the command line changes in it.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "adapters/service_file.h"
#include "cli/service_request.h"
#include "core/result.h"

namespace sky::cli {

struct ServiceOptions {
  std::string file;
  std::vector<std::string> envs;  // K=V, or K: taken from the environment
  std::vector<std::string> secrets;  // the same
  std::vector<std::string> overrides;
  std::string setup, run;
  bool has_setup = false, has_run = false;
  core::Sandbox sandbox;  // `up` has options for it; `update` leaves it as it is
  bool no_paid_overflow = false;
  bool yes = false;
};

void add_service_options(CLI::App& command, ServiceOptions& options);

// Reads the file and gathers the options. Errors: not_found, usage.
core::Result<ServiceRequest> make_request(const ServiceOptions& options, const std::string& name);

}  // namespace sky::cli
