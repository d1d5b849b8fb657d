// What a user may say about GCP (`skyctl.gcp` in config.yaml), and what the daemon adds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/ids.h"

namespace sky::adapters::gcp {

struct GcpSettings {
  std::string project;  // empty: the credentials' own
  std::vector<std::string> regions;  // where offers are taken from; empty: those of the catalog
  std::string image;  // empty: Ubuntu, with the NVIDIA driver where there is an accelerator
  std::string network = "default";
  std::string service_account;  // of the machines; empty: they get no rights
  bool use_private_addresses = false;  // the balancer is in the same network
  // "compute", "oauth2", "cloudresourcemanager" -> URL; the others are Google's own.
  std::map<std::string, std::string> endpoints;
  // The daemon's:
  core::LogId log_id;
  std::vector<std::string> sources;  // addresses of the balancer: "203.0.113.7/32"
};

}  // namespace sky::adapters::gcp
