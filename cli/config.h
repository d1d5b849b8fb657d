// $SKYCTL_HOME/config.yaml: what this control plane does apart from its services.
//
// It may be a config.yaml of SkyPilot's: of its keys `allowed_clouds` and some of `kubernetes` and
// `serve` (config_kubernetes.h) are read, the others are left alone; ours are below `skyctl:`.
// Whatever is below there and unknown or wrong is an error that names file, line and key. Any
// thread; nothing is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/kubernetes/settings.h"
#include "cli/config_machines.h"
#include "cli/home.h"
#include "core/result.h"
#include "core/time.h"

namespace sky::cli {

// skyctl.log.retention: which events may go. Without both: none, ever.
struct RetentionPolicy {
  std::optional<core::Duration> max_age;  // `max_age: 30d`, by the log's clock
  std::optional<std::uint64_t> max_bytes;  // `max_size: 20GB`, of the events on disk
  bool operator==(const RetentionPolicy&) const = default;

  bool keeps_everything() const { return !max_age && !max_bytes; }
};

struct Config {
  RetentionPolicy retention;
  std::vector<std::string> allowed_clouds;  // SkyPilot's key: only these; empty: all
  adapters::kubernetes::Settings kubernetes;
  std::optional<std::uint32_t> endpoint_loops;  // skyctl.endpoint.loops; none: lb::usual_loops()
  MachineSettings machines;
  adapters::aws::AwsSettings aws;
  adapters::gcp::GcpSettings gcp;
};

// Errors: invalid_input; up to 20 lines "FILE:LINE: key: what is wrong".
core::Result<Config> parse_config(std::string_view yaml_text, const std::string& file_name);

// The file of this home; without one the defaults. Errors: as above, permission, io.
core::Result<Config> read_config(const Home& home);

// "20GB" (10^9), "1.5TiB" (2^40); none: it is something else.
std::optional<std::uint64_t> parse_size(std::string_view text);

// As a person would say them: "30 d", "36 h", "90 s"; "20 GB", "1.5 TB", "67.11 MB".
std::string span_text(core::Duration span);
std::string size_text(std::uint64_t bytes);

}  // namespace sky::cli
