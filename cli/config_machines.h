// The parts of config.yaml about virtual machines of clouds: `skyctl.machines` (all of them),
// `skyctl.aws`, `skyctl.gcp`. What is wrong is noted with its line; nothing is asked of a cloud.
// Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/aws/aws_settings.h"
#include "adapters/gcp/gcp_settings.h"
#include "adapters/service_file_reader.h"
#include "core/time.h"

namespace sky::cli {

struct MachineSettings {
  // Where machines reach the daemon, "https://HOST:PORT"; empty: they do not, and are only asked
  // about. Secrets never go over plain HTTP except to a loopback address.
  std::string advertise_url;
  std::string bind_host = "127.0.0.1";  // where the daemon takes their calls
  std::uint16_t bind_port = 30'000;
  core::Duration dead_after = core::seconds(3600);  // a machine that nobody answers ends itself
  std::vector<std::string> sources;  // addresses the endpoint's requests come from, as CIDR
};

// An address that machines may call, and may be given secrets by. None: it is good; else why not.
std::string why_not_advertised(const std::string& url);

void read_machines(const adapters::Field& field, MachineSettings& settings);
void read_aws(const adapters::Field& field, adapters::aws::AwsSettings& settings);
void read_gcp(const adapters::Field& field, adapters::gcp::GcpSettings& settings);

}  // namespace sky::cli
