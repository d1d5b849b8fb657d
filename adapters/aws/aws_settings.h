// What a user may say about AWS (`skyctl.aws` in config.yaml), and what the daemon adds.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/time.h"

namespace sky::adapters::aws {

// Which endpoints are asked, where the user names others: "ec2.us-east-1" or "ec2" -> URL.
using EndpointOverrides = std::map<std::string, std::string>;

struct AwsSettings {
  std::vector<std::string> regions;  // where our machines may be; empty: those of the catalog
  std::map<std::string, std::string> images;  // by region, "" for the others; empty: AWS's own
  std::map<std::string, std::string> subnets;  // by zone; empty: the default VPC's
  std::string vpc_id;  // empty: the default one
  std::string instance_profile;  // empty: machines get no rights
  std::string key_name;  // empty: nobody can log in
  bool use_private_addresses = false;  // the balancer is in the same network
  EndpointOverrides endpoints;
  // The daemon's:
  core::LogId log_id;
  std::vector<std::string> sources;  // addresses of the balancer: "203.0.113.7/32"
  std::function<core::WallTime()> wall;
};

}  // namespace sky::adapters::aws
