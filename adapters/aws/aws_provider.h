// EC2 as a cloud of virtual machines (vm/provider.h): orders, lists, endings.
//
// A machine's identity: ClientToken and tags, both derived from the launch. A service has one
// security group in each region, which lets the balancer in and nobody else; it is made at the
// first launch and removed with the last machine. Notices are found by asking for the spot
// requests. Loop thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/aws/aws_client.h"
#include "adapters/aws/aws_market.h"
#include "adapters/aws/aws_settings.h"
#include "adapters/aws/ec2_answer.h"
#include "adapters/vm/provider.h"

namespace sky::adapters::aws {

class AwsProvider final : public vm::Provider {
 public:
  // The client outlives it.
  AwsProvider(core::Scheduler& scheduler, AwsClient& client, AwsSettings settings);
  ~AwsProvider() override;

  std::string name() const override { return "aws"; }
  std::vector<std::string> areas() const override { return settings_.regions; }
  std::string area_of(const core::Place& place) const override { return place.region; }
  std::size_t max_user_data() const override;

  void create(const core::LaunchInstance& order, const vm::ReplicaMark& mark,
              const std::string& user_data, vm::CreateDone done) override;
  void list(const std::string& region, vm::VmsDone done) override;
  void destroy(const core::Place& place, const std::string& instance_id,
               TerminateDone done) override;
  void tidy(const std::string& region, const std::set<core::ServiceName>& in_use,
            std::function<void(bool)> done) override;
  void offers(OffersDone done) override { market_.offers(std::move(done)); }
  void check(CheckDone done) override;

 private:
  struct Order;
  struct Listing;
  using GroupAnswer = std::variant<std::string, core::Failure>;  // its id
  using GroupDone = std::function<void(const GroupAnswer&)>;
  struct Group {
    std::string id;  // empty: asked for now
    std::vector<GroupDone> waiting;
  };

  void find_group(const std::string& region, const std::string& name, std::uint16_t port,
                  GroupDone done);
  void make_group(const std::string& region, const std::string& name, std::uint16_t port);
  void open_group(const std::string& region, const std::string& name, const std::string& id,
                  std::uint16_t port);
  void finish_group(const std::string& region, const std::string& name, const GroupAnswer& answer);
  void run(const std::shared_ptr<Order>& order, const std::string& group_id);
  void adopt(const std::shared_ptr<Order>& order, const core::Failure& failure);
  void list_page(const std::shared_ptr<Listing>& listing, const std::string& page);
  void list_requests(const std::shared_ptr<Listing>& listing, const std::string& page);
  void finish_list(Listing& listing);
  void remove_groups(const std::string& region, std::vector<SecurityGroup> groups,
                     std::function<void(bool)> done);
  vm::Vm to_vm(const Ec2Instance& instance, const std::string& region) const;

  core::Scheduler& scheduler_;
  AwsClient& client_;
  AwsSettings settings_;
  AwsMarket market_;
  std::map<std::pair<std::string, std::string>, Group> groups_;  // by region and name
  std::shared_ptr<bool> is_alive_;
};

// Why EC2 says a machine ended: its state reason's code.
vm::VmEnd end_of(const std::string& state_reason);

// The image when the user names none: AWS's public parameter for the newest Ubuntu, with the NVIDIA
// driver where there is an accelerator.
std::string default_image(const core::Offer& offer);

}  // namespace sky::adapters::aws
