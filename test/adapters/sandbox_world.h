// A sandbox in a temporary home, with what a test needs to talk about it. Real processes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "adapters/reactor.h"
#include "adapters/sandbox/sandbox_cloud.h"
#include "core/effect.h"

namespace sky::adapters::sandbox {

using LaunchAnswer = std::variant<core::ProvisionSucceeded, core::Failure>;

class World {
 public:
  explicit World(std::string cloud = "aws");
  ~World();  // ends every machine that is left

  // The daemon dies and comes back: a new object on the same home.
  void restart();
  void kill_daemon();
  SandboxCloud& cloud() { return *cloud_; }
  const std::filesystem::path& home() const { return home_; }

  std::optional<LaunchAnswer> launch(const core::LaunchInstance& order,
                                     const Secrets& secrets = {});
  bool terminate(const core::LaunchInstance& launched);
  std::vector<core::ListedInstance> list();
  void preempt(const core::LaunchInstance& launched);

  // Waits for such a change and returns it.
  std::optional<core::InstanceChanged> change(core::InstanceChange change,
                                              core::ReplicaId replica = {1});
  bool was_reported(core::InstanceChange change) const;
  bool wait(const std::function<bool()>& is_true);

  std::filesystem::path directory(const core::LaunchInstance& order) const;
  std::string output(core::ReplicaId replica = {1}) const;
  // Processes that carry the mark of a machine in this home.
  std::size_t processes() const;

  std::filesystem::path program;  // of the machines; empty: this test's
  Market market = Market::calm();
  std::uint32_t market_speed_percent = 100;
  Reactor reactor;
  std::vector<core::InstanceChanged> changes;

 private:
  std::string name_;
  std::filesystem::path home_;
  std::unique_ptr<SandboxCloud> cloud_;
};

// Replica 1, attempt 1, the cheapest T4 spot machine of the cloud, time 100 times as fast.
core::LaunchInstance an_order(const std::string& run, const std::string& cloud = "aws");

// The same for another replica, with a token of its own.
core::LaunchInstance numbered(core::LaunchInstance order, std::uint32_t replica);

// Null when it was answered otherwise, or not at all.
const core::ProvisionSucceeded* succeeded(const std::optional<LaunchAnswer>& answer);
const core::Failure* failed(const std::optional<LaunchAnswer>& answer);

}  // namespace sky::adapters::sandbox
