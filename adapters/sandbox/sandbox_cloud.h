// One cloud of the sandbox: `kubernetes`, `aws` or `gcp` with the real names, prices, capacities,
// delays and notices, whose machines are processes on this computer.
//
// What a real cloud would keep lives outside of the daemon, in $home/sandbox/LOG_ID/CLOUD/MACHINE:
// a new object on the same home finds every machine again and reports what happened meanwhile.
// The same launch token is the same directory, made exclusively: never two machines.
// Loop thread. Directories and processes are made and removed on a worker of its own, one after the
// other, since a fork or a busy disk takes tens of milliseconds. Changes are reported again after
// a restart, and after each answer to a launch.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/process.h"
#include "adapters/reactor.h"
#include "adapters/sandbox/catalog.h"
#include "adapters/sandbox/machine_files.h"
#include "adapters/sandbox/market.h"
#include "core/result.h"

namespace sky::adapters::sandbox {

struct SandboxSettings {
  std::filesystem::path home;  // $SKYCTL_HOME
  core::LogId log_id;
  // Started as `PROGRAM sandbox-instance DIR`; empty: this very program.
  std::filesystem::path program;
  Market market = Market::calm();
  // How fast the market's time goes. A machine's own speed is its service's speed_percent.
  std::uint32_t market_speed_percent = 100;
};

class SandboxCloud final : public Cloud {
 public:
  // `reactor` and `catalog` outlive it. Reports through `on_change`, never from inside a call.
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
  struct Held;  // a machine, who waits for it, and what was reported of it
  struct Starting;  // one that is being made

  void adopt_all();
  void forget_old_records();
  Held* adopt(const std::filesystem::path& directory);
  Held* find(const std::string& machine);
  void on_news(const std::string& machine);
  void answer_launches(Held& held);
  void report_changes(Held& held);
  void answer_terminations(const std::string& machine);
  void end_machine(const std::string& machine, TerminateDone done);
  void give_notice(Held& held);
  std::variant<std::uint32_t, core::Failure> room_for(const core::Offer& offer) const;
  MachineOrder machine_order(const core::LaunchInstance& order, std::uint32_t node) const;
  Starting& start(const std::string& machine, const MachineOrder& order, const Secrets& secrets,
                  bool is_new);
  void start_again(const std::string& machine, const Held& held);
  void finish_start(const std::string& machine, const core::Result<ProcessIdentity>& process);
  void await_answer(const std::string& machine, Held& held, LaunchDone done);
  void give_up(const std::string& machine, Starting starting, const std::string& why);
  static core::WallTime read_market_start(const std::filesystem::path& directory);
  void follow_market();
  std::uint32_t market_capacity(const CatalogOffer& entry) const;
  core::Duration market_time() const;
  void refuse(LaunchDone done, core::Failure failure, core::Duration after);
  void later(core::Duration after, std::function<void()> task);
  void on_worker(std::function<void()> job, std::function<void()> then);

  Reactor& reactor_;
  const CatalogCloud& catalog_;
  SandboxSettings settings_;
  OnChange on_change_;
  std::filesystem::path directory_;
  core::WallTime market_start_;
  std::map<std::string, std::unique_ptr<Held>> machines_;
  std::map<std::string, Starting> starting_;
  Timer market_timer_;
  std::map<std::uint64_t, std::unique_ptr<Timer>> timers_;
  std::uint64_t last_timer_ = 0;
  // The one shared pointer: a posted closure cannot be taken back, it must see that we are gone.
  const std::shared_ptr<SandboxCloud*> self_;
  std::unique_ptr<core::Background> worker_;  // last: ends before all else does
};

// The three clouds of the catalog over one home.
std::vector<std::unique_ptr<SandboxCloud>> make_sandbox_clouds(Reactor& reactor,
                                                               const SandboxSettings& settings,
                                                               const OnChange& on_change);

// Where a replica's output is, also after its end: $home/logs/SERVICE/REPLICA.log, and before it
// was rotated REPLICA.log.1. All attempts of a replica write there, one after the other.
std::filesystem::path replica_log(const std::filesystem::path& home,
                                  const core::ServiceName& service, core::ReplicaId replica);

}  // namespace sky::adapters::sandbox
