#include "adapters/aws/aws_market.h"

#include <algorithm>
#include <set>
#include <utility>

#include "adapters/aws/ec2_answer.h"
#include "adapters/aws/ec2_request.h"
#include "adapters/utc_time.h"

namespace sky::adapters::aws {
namespace {

constexpr std::size_t max_pages = 20;  // of a thousand prices: a region has a few hundred

}  // namespace

AwsMarket::AwsMarket(AwsClient& client, std::vector<std::string> regions,
                     std::function<core::WallTime()> wall, core::Scheduler& scheduler)
    : client_(client),
      regions_(std::move(regions)),
      wall_(std::move(wall)),
      scheduler_(scheduler),
      catalog_(vm::catalog_offers("aws")),
      is_alive_(std::make_shared<bool>(true)) {
  std::erase_if(catalog_, [&](const core::Offer& offer) {
    return std::find(regions_.begin(), regions_.end(), offer.place.region) == regions_.end();
  });
}

AwsMarket::~AwsMarket() { *is_alive_ = false; }

std::vector<std::string> AwsMarket::types_in(const std::string& region) const {
  std::set<std::string> types;
  for (const core::Offer& offer : catalog_)
    if (offer.place.region == region && offer.is_spot()) types.insert(offer.instance_type);
  return {types.begin(), types.end()};
}

void AwsMarket::offers(OffersDone done) {
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;
  const bool are_fresh = !prices_.empty() && wall_() - asked_at_ < prices_kept_for;
  asking_ = 1;
  if (!are_fresh) {
    asked_at_ = wall_();
    for (const std::string& region : regions_) {
      if (types_in(region).empty()) continue;
      ++asking_;
      prices_.erase(region);
      ask(region, "", 0);
    }
  }
  scheduler_.post([this, alive = is_alive_] {
    if (*alive) finish();
  });
}

void AwsMarket::ask(const std::string& region, const std::string& page, std::size_t pages) {
  client_.call({region, "ec2"}, describe_spot_prices(types_in(region), iso_time(wall_()), page),
               CallEffect::reads,
               [this, alive = is_alive_, region, pages](const AwsAnswer& answer) {
                 if (*alive) take(region, answer, pages);
               });
}

void AwsMarket::take(const std::string& region, const AwsAnswer& answer, std::size_t pages) {
  const auto page =
      answer.failure ? core::Result<SpotPricesPage>(core::Error{}) : read_spot_prices(answer.body);
  if (page) {
    for (const SpotPrice& one : page->prices)
      prices_[region].push_back({one.zone, one.instance_type, one.price});
    if (!page->next_token.empty() && pages < max_pages)
      return ask(region, page->next_token, pages + 1);
  }
  finish();
}

void AwsMarket::finish() {
  if (--asking_ > 0) return;
  std::vector<core::Offer> offers = catalog_;
  for (const auto& [region, prices] : prices_)
    offers = vm::with_spot_prices(offers, region, prices);
  const auto sane = vm::sane_offers(offers);
  for (const OffersDone& done : std::exchange(waiting_, {})) done(sane.offers);
}

}  // namespace sky::adapters::aws
