// The AWS cloud against a peer on 127.0.0.1.
#pragma once

#include <optional>
#include <string>

#include "adapters/aws/aws_provider.h"
#include "test/vm/cloud_world.h"
#include "test/vm/peer.h"

namespace sky::adapters::aws {

using vm::EndOutcome;
using vm::LaunchOutcome;

struct AwsWorld : vm::CloudWorld {
  explicit AwsWorld(std::string peer_url, const std::string& log_id = "log1",
                    Credentials keys = {"AKFAKE", "secret", "", {}});
  ~AwsWorld() { cloud.reset(); }  // before the client that it borrows

  // Of replica `replica` of "web", on a g4dn.xlarge.
  static core::LaunchInstance order(std::uint32_t replica, const std::string& zone = "us-east-1a",
                                    core::Market market = core::Market::spot);

  // How many of the fake's machines are in that state.
  std::size_t count(const std::string& state);

  std::optional<CredentialsKeeper> credentials;
  std::optional<AwsClient> client;
};

}  // namespace sky::adapters::aws
