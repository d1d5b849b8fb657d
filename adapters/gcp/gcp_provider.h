// GCE as a cloud of virtual machines (vm/provider.h): orders, lists, endings.
//
// A machine's identity: its name and the requestId, both derived from the launch; its marks are in
// its metadata, and a label finds it. A spot machine that is taken is deleted, and then only the
// operations say why it is gone. A service has one firewall rule, for the balancer's addresses.
// Loop thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/gcp/gce_client.h"
#include "adapters/gcp/gcp_settings.h"
#include "adapters/vm/provider.h"

namespace sky::adapters::gcp {

class GcpProvider final : public vm::Provider {
 public:
  // The client outlives it.
  GcpProvider(core::Scheduler& scheduler, GceClient& client, GcpSettings settings);
  ~GcpProvider() override;

  std::string name() const override { return "gcp"; }
  std::vector<std::string> areas() const override { return {""}; }
  std::string area_of(const core::Place&) const override { return {}; }
  std::size_t max_user_data() const override;

  void create(const core::LaunchInstance& order, const vm::ReplicaMark& mark,
              const std::string& user_data, vm::CreateDone done) override;
  void list(const std::string& area, vm::VmsDone done) override;
  void destroy(const core::Place& place, const std::string& instance_id,
               TerminateDone done) override;
  void tidy(const std::string& area, const std::set<core::ServiceName>& in_use,
            std::function<void(bool)> done) override;
  void offers(OffersDone done) override;
  void check(CheckDone done) override;

 private:
  struct Order;
  struct Listing;
  using RuleAnswer = std::optional<core::Failure>;  // none: it is there
  using RuleDone = std::function<void(const RuleAnswer&)>;
  struct Rule {
    bool is_there = false;
    std::vector<RuleDone> waiting;
  };

  void need_rule(const std::string& name, std::uint16_t port, RuleDone done);
  void make_rule(const std::string& name, std::uint16_t port);
  void finish_rule(const std::string& name, const RuleAnswer& answer);
  void insert(const std::shared_ptr<Order>& order);
  void show(const std::shared_ptr<Order>& order, const std::optional<core::Failure>& unless_ours);
  void list_page(const std::shared_ptr<Listing>& listing, const std::string& page);
  void list_preempted(const std::shared_ptr<Listing>& listing, const std::string& page);
  void finish_list(Listing& listing);
  void remove_rules(std::vector<std::string> names, std::function<void(bool)> done);
  vm::Vm to_vm(const JsonView& instance) const;

  core::Scheduler& scheduler_;
  GceClient& client_;
  GcpSettings settings_;
  std::map<std::string, Rule> rules_;
  std::map<std::string, vm::Vm> seen_;  // by name: whose a machine was that is not there any more
  std::shared_ptr<bool> is_alive_;
};

// What the daemon must be allowed, one permission a line: for a custom role.
std::vector<std::string> least_permissions();

}  // namespace sky::adapters::gcp
