// A cloud of virtual machines: what AWS and GCP have in common, on top of provider.h.
//
// It follows machines by asking: often while one is expected or on notice, seldom otherwise. All it
// knows can be asked for again; after a restart the first sweep fills it. Of two machines with one
// token (the cloud forgot it, or an answer was lost) the older stays and the younger is ended.
// What has no mark of our log is never touched. Loop thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/cloud.h"
#include "adapters/vm/boot_script.h"
#include "adapters/vm/provider.h"
#include "core/scheduler.h"

namespace sky::adapters::vm {

struct VmCloudPace {
  core::Duration moving = core::seconds(3);  // a machine is expected, or on notice
  core::Duration spot = core::seconds(5);  // what AWS advises for looking at notices
  core::Duration calm = core::seconds(30);
  core::Duration visible_within = core::seconds(60);  // a new machine may be missing from lists
  int tidy_tries = 20;  // what a service left is removed, or given up after so many looks
  core::Duration longest_pending = core::seconds(600);  // a guess: most run within one minute
};

struct VmCloudSettings {
  core::LogId log_id;
  BootSettings boot;
  VmCloudPace pace = {};
  std::function<core::Instant()> now;
  // Where the join desk writes down what a replica's machine tells.
  std::function<std::filesystem::path(const core::ServiceName&, core::ReplicaId)> notes = {};
  std::shared_ptr<void> kept = {};  // what the provider borrows: goes after it
};

class VmCloud final : public RealCloud {
 public:
  // Everything borrowed outlives it.
  VmCloud(core::Scheduler& scheduler, std::unique_ptr<Provider> provider, VmCloudSettings settings,
          OnChange on_change);
  ~VmCloud() override;
  VmCloud(const VmCloud&) = delete;
  VmCloud& operator=(const VmCloud&) = delete;

  std::string name() const override { return provider_->name(); }
  void launch(const core::LaunchInstance& order, const Secrets& secrets, LaunchDone done) override;
  void terminate(const core::TerminateInstance& order, TerminateDone done) override;
  void terminate_orphan(const core::TerminateOrphan& order, TerminateDone done) override;
  void list(ListDone done) override;
  void offers(OffersDone done) override { provider_->offers(std::move(done)); }
  void check(CheckDone done) override { provider_->check(std::move(done)); }
  void output(const OutputWanted& wanted, OutputDone done) override;

 private:
  struct Held;
  struct Sweep;
  using Outcome = std::variant<core::ProvisionSucceeded, core::Failure>;

  // launching
  void refuse(LaunchDone done, core::Failure failure);
  void take_created(const std::string& token, std::variant<Vm, core::Failure> answer);
  void answer_launches(Held& held, const Outcome& outcome);
  // following
  void look(const std::string& area);
  void take_list(const std::string& area, const std::vector<Vm>& vms, core::Instant asked_at);
  void take_vm(const Vm& vm);
  void follow(Held& held);
  void miss(Held& held, core::Instant asked_at);
  void report(Held& held, core::InstanceChange change, const std::string& text);
  void report_end(Held& held);
  void set_pace(const std::string& area);
  // ending
  void end(const std::string& token);
  void take_ended(const std::string& token, const std::variant<std::monostate, core::Failure>& was);
  void find_and_end(const core::TerminateInstance& order, TerminateDone done);
  void finish_sweep(Sweep& sweep);
  void tidy(const std::string& area);

  core::Scheduler& scheduler_;
  VmCloudSettings settings_;
  std::unique_ptr<Provider> provider_;
  OnChange on_change_;
  std::map<std::string, std::unique_ptr<Held>> held_;  // by token
  std::map<std::string, std::unique_ptr<core::Alarm>> looks_;  // by area
  std::map<std::string, int> untidy_;  // areas that a machine left, and the tries that remain
  std::shared_ptr<bool> is_alive_;  // answers of the provider may come after our end
};

}  // namespace sky::adapters::vm
