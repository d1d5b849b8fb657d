// What AWS sells to this account: the catalog's machines in the account's regions, at the spot
// prices of now.
//
// Prices are asked of every region and kept for a while; a region that does not tell them keeps
// the catalog's. Loop thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/aws/aws_client.h"
#include "adapters/cloud.h"
#include "adapters/vm/offer_catalog.h"

namespace sky::adapters::aws {

inline constexpr core::Duration prices_kept_for = core::seconds(600);

class AwsMarket {
 public:
  // The client outlives it.
  AwsMarket(AwsClient& client, std::vector<std::string> regions,
            std::function<core::WallTime()> wall, core::Scheduler& scheduler);
  ~AwsMarket();

  void offers(OffersDone done);

 private:
  void ask(const std::string& region, const std::string& page, std::size_t pages);
  void take(const std::string& region, const AwsAnswer& answer, std::size_t pages);
  void finish();
  std::vector<std::string> types_in(const std::string& region) const;

  AwsClient& client_;
  std::vector<std::string> regions_;
  std::function<core::WallTime()> wall_;
  core::Scheduler& scheduler_;
  std::vector<core::Offer> catalog_;  // in those regions
  std::map<std::string, std::vector<vm::ZonePrice>> prices_;  // by region
  core::WallTime asked_at_;
  std::size_t asking_ = 0;  // regions
  std::vector<OffersDone> waiting_;
  std::shared_ptr<bool> is_alive_;
};

}  // namespace sky::adapters::aws
