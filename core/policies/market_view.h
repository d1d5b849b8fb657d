// What a placement policy sees and what it answers: the common shape of core/policies.
//
// A policy is a pure function of the view; everything it remembers is folded elsewhere and is part
// of the view. It answers with the fleet it wants: who launches and ends is the caller's business.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/policies/zone_belief.h"
#include "core/time.h"

namespace sky::core {

// One way to buy spot capacity: a zone, and the machine type in it that the caller prefers.
struct ZoneView {
  std::uint32_t region = 0;  // the same number: zones that fail together
  std::uint32_t rank = 0;  // among equals the smaller comes first
  std::int64_t price = 0;  // 10^-6 USD an hour
  std::uint32_t ready = 0;  // ours that serve
  std::uint32_t warming = 0;  // ours that were launched and do not serve yet
  std::uint32_t asked = 0;  // launches without an answer
  bool is_open = true;  // may be tried now; false: it refused, and its timer runs
  bool is_preempting = false;  // SpotHedge's set (core/placement.h)
  const ZoneBelief* belief = nullptr;  // borrowed for the call

  std::uint32_t confirmed() const { return ready + warming; }
  std::uint32_t held() const { return ready + warming + asked; }
};

struct MarketView {
  std::span<const ZoneView> zones;
  std::uint32_t target = 0;  // ready replicas wanted
  std::int64_t on_demand_price = 0;  // of one replica, 10^-6 USD an hour
  std::uint32_t on_demand_ready = 0;
  std::uint32_t on_demand_warming = 0;
  Duration cold_start{0};  // from a launch until it serves
  Duration period{0};  // how soon a loss is noticed and answered
  std::int64_t pressure_q16 = 0;  // ln of the weight of risk: core/policies/slo_tracking.h
  Instant now;

  std::uint32_t on_demand() const { return on_demand_ready + on_demand_warming; }
};

struct MarketPlan {
  std::vector<std::uint32_t> spot;  // wanted in each zone, those held included
  std::uint32_t on_demand = 0;  // wanted
  std::optional<Instant> look_again;  // when time alone may change the answer
  std::int64_t cost = 0;  // of the plan that was chosen, 10^-6 spot replica hours an hour
  std::int64_t risk = 0;  // in the same unit; 0 where a policy weighs none
  std::string reason;  // one clause for people; empty in a simulation of years
};

std::uint32_t total_ready(const MarketView& view);  // spot
std::uint32_t total_held(const MarketView& view);  // spot

}  // namespace sky::core
