// The AWS cloud as the daemon has it, on a loop of the test's own, against a peer on 127.0.0.1.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "adapters/aws/aws_provider.h"
#include "adapters/http_client.h"
#include "adapters/json.h"
#include "adapters/vm/vm_cloud.h"
#include "test/vm/peer.h"

namespace sky::adapters::aws {

using LaunchOutcome = std::variant<core::ProvisionSucceeded, core::Failure>;
using EndOutcome = std::variant<std::monostate, core::Failure>;

struct AwsWorld {
  explicit AwsWorld(std::string peer_url, const std::string& log_id = "log1",
                    Credentials keys = {"AKFAKE", "secret", "", {}});

  // Of replica `replica` of "web", on a g4dn.xlarge.
  static core::LaunchInstance order(std::uint32_t replica, const std::string& zone = "us-east-1a",
                                    core::Market market = core::Market::spot);

  LaunchOutcome launch(const core::LaunchInstance& one);
  // The kind of what came of it: "ok", "capacity", ...
  std::string launch_kind(const core::LaunchInstance& one);
  // The machine's id, or the provider's words.
  std::string launch_id(const core::LaunchInstance& one);
  EndOutcome terminate(const core::LaunchInstance& one);
  std::vector<core::ListedInstance> list();

  // Tells the fake what to do, or asks what it holds.
  JsonValue fake(const std::string& orders = "");
  // How many of the fake's machines are in that state.
  std::size_t count(const std::string& state);
  bool wait_for(core::InstanceChange change);

  static constexpr std::chrono::seconds limit{30};
  std::string url;
  Reactor reactor;
  HttpClient http{reactor};
  std::uint64_t draws = 0;
  std::optional<CredentialsKeeper> credentials;
  std::optional<AwsClient> client;
  std::vector<core::InstanceChanged> changes;
  std::optional<vm::VmCloud> cloud;
};

}  // namespace sky::adapters::aws
