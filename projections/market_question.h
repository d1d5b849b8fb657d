// Which fleet should the burst and fallback pools of a service be? Its spot offers with what the
// log knows of each zone, and the policy that plans the whole fleet
// (core/policies/market_policy.h).
//
// Each pair of zone and machine type is a market of its own, so that both are chosen together; the
// markets of a region fail together. A machine on demand counts at the price of the cheapest billed
// one. Cold starts are what this service's took, until one is known 183 s (measured for a language
// model on a prepared image, SkyServe paper); a loss shows within a probe's interval. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/policies/market_policy.h"
#include "projections/market_fleet.h"
#include "projections/model.h"

namespace sky::projections {

inline constexpr core::Duration usual_cold_start = core::seconds(183);

// Whether a policy plans this service's fleet as a whole.
bool plans_fleet(const core::ServiceSpec& spec);

class MarketQuestion {
 public:
  // Borrows nothing beyond the constructor.
  MarketQuestion(const ZoneHistory& zones, const ServiceState& service, core::Instant now);

  const core::MarketView& view() const { return view_; }
  MarketFleet answer() const;

  MarketQuestion(const MarketQuestion&) = delete;
  MarketQuestion& operator=(const MarketQuestion&) = delete;

 private:
  void add(const ZoneHistory& zones, const ServiceState& service, const core::Offer& offer);
  void count(const ServiceState& service);
  void keep_waiting(MarketFleet& fleet) const;

  core::MarketPolicy policy_;
  core::MarketView view_;
  std::vector<core::ZoneView> zones_;  // view_ shows them
  std::vector<core::ZoneBelief> beliefs_;  // zones_ point at them
  std::vector<core::Offer> offers_;
  std::vector<std::optional<core::Instant>> closed_until_;
  std::vector<std::pair<std::string, std::string>> regions_;
  std::map<core::BlockKey, std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>>
      held_;  // burst replicas with a place: ready, warming, asked for
  std::uint32_t pending_ = 0;  // burst replicas without a place
  bool is_rolling_ = false;
};

// "3 spot, 1 on demand; cost 6.00, risk 0.41 spot replica hours an hour"
std::string plan_text(const MarketFleet& fleet);

// Where a replica goes by that fleet; none where `share` is empty.
core::PlacementChosen market_placement(const core::MarketPolicy& policy, const MarketFleet& fleet,
                                       std::optional<std::size_t> share);

// The first share that wants another replica.
std::optional<std::size_t> next_share(const MarketFleet& fleet);

}  // namespace sky::projections
