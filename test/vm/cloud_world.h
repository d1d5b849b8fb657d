// A cloud of virtual machines as the daemon has it, on a loop of the test's own, against a scripted
// peer on 127.0.0.1. Each cloud's world derives, and makes `cloud`.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "adapters/http_client.h"
#include "adapters/json.h"
#include "adapters/reactor.h"
#include "adapters/vm/vm_cloud.h"

namespace sky::adapters::vm {

using LaunchOutcome = std::variant<core::ProvisionSucceeded, core::Failure>;
using EndOutcome = std::variant<std::monostate, core::Failure>;

struct CloudWorld {
  explicit CloudWorld(std::string peer_url) : url(std::move(peer_url)) {}

  void make_cloud(std::unique_ptr<Provider> provider, const std::string& log_id);
  static core::Instant now();
  std::uint64_t chance() { return ++draws * 7919; }  // no two alike, and always the same

  // Replica `replica` of "web", on port 8888; where and on what is the cloud's.
  static core::LaunchInstance order(std::uint32_t replica);

  LaunchOutcome launch(const core::LaunchInstance& one);
  // The kind of what came of it: "ok", "capacity", ...
  std::string launch_kind(const core::LaunchInstance& one);
  // The machine's id, or the provider's words.
  std::string launch_id(const core::LaunchInstance& one);
  EndOutcome terminate(const core::LaunchInstance& one);
  std::vector<core::ListedInstance> list();
  bool wait_for(core::InstanceChange change);

  // Tells the fake what to do, or asks what it holds.
  JsonValue fake(const std::string& orders = "");

  static constexpr std::chrono::seconds limit{30};
  std::string url;
  Reactor reactor;
  HttpClient http{reactor};
  std::uint64_t draws = 0;
  std::vector<core::InstanceChanged> changes;
  std::optional<VmCloud> cloud;
};

}  // namespace sky::adapters::vm
