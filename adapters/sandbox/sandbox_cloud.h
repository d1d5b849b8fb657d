// One cloud of the sandbox: `kubernetes`, `aws` or `gcp` with the real names, prices, capacities,
// delays and notices, whose machines are processes on this computer.
//
// What a real cloud would keep lives outside of the daemon, in $home/sandbox/LOG_ID/CLOUD/MACHINE:
// a new object on the same directory finds every machine again and reports what happened
// meanwhile. The same launch token is the same directory, made exclusively: never two machines.
// Loop thread; start and stop of a process block for milliseconds.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/reactor.h"
#include "adapters/sandbox/catalog.h"
#include "adapters/sandbox/market.h"

namespace sky::adapters::sandbox {

struct SandboxSettings {
  std::filesystem::path home;  // $SKYCTL_HOME
  core::LogId log_id;
  // Runs `PROGRAM sandbox-instance DIR`; empty: this very program.
  std::filesystem::path program;
  Market market = Market::calm();
  std::uint32_t market_speed_percent = 100;
};

class Machine;

class SandboxCloud final : public Cloud {
 public:
  // `reactor` and `catalog` outlive it. Reports through `on_change` also what happened to machines
  // found in the directory while nobody watched; never from inside the constructor.
  SandboxCloud(Reactor& reactor, const CatalogCloud& catalog, SandboxSettings settings,
               OnChange on_change);
  ~SandboxCloud() override;

  std::string name() const override { return catalog_.name; }
  void launch(const core::LaunchInstance& order, const Secrets& secrets, LaunchDone done) override;
  void terminate(const core::TerminateInstance& order, TerminateDone done) override;
  void terminate_orphan(const core::TerminateOrphan& order, TerminateDone done) override;
  void list(ListDone done) override;
  void preempt(const core::PreemptInstance& order) override;

 private:
  void adopt_all();
  Machine& watch(const std::filesystem::path& directory);
  void on_machine(Machine& machine);
  void terminate_machine(const std::string& machine, TerminateDone done);
  core::Result<std::string> find_room(const core::Offer& offer) const;
  void follow_market();
  core::Duration market_time() const;
  void later(std::function<void()> task);
  void forget_old_records();

  Reactor& reactor_;
  const CatalogCloud& catalog_;
  SandboxSettings settings_;
  OnChange on_change_;
  std::filesystem::path directory_;
  core::WallTime market_start_;
  std::map<std::string, std::unique_ptr<Machine>> machines_;
  Timer market_timer_;
  std::vector<std::unique_ptr<Timer>> timers_;
};

// The replica's log: of the running machine, or what was kept of the last one that ended.
// Errors: not_found.
core::Result<std::filesystem::path> find_replica_log(const std::filesystem::path& home,
                                                     const core::ServiceName& service,
                                                     core::ReplicaId replica);

}  // namespace sky::adapters::sandbox
