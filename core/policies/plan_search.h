// The cheapest fleet when losses are counted: how many spot replicas in which zones, how many
// extra, how many on demand.
//
//   Cost(n, o) = sum of c_z n_z + k o, in 10^-6 of the cheapest spot replica hour, per hour
//   Risk(n, o) = sum over zones i of p_i * E[phi(l_i + sum over j != i of n_j Bernoulli(q_ij) - s)]
//     p_i  = h_i D / (1 + h_i D): zone i fails within the exposure D (until a loss is made good)
//     l_i  = 1, half of n_i or n_i: what a failure takes, as often as losses so far took one, some,
//          all
//            (prior 1, 1, 2): where single losses are the rule an extra replica is worth its price,
//            where zones go whole it is not
//     q_ij = p_j + rho: it takes zone j along; rho 0.2 in the same region, 0.02 elsewhere
//     s    = sum of n + o - N, the slack; phi(x) = any [x > 0] + share x/N + square (x/N)^2, x > 0
// The expectation is an exact convolution. Searched: even splits over the m best zones (plain, and
// one region after the other), all numbers of extras and on-demand replicas; then single moves
// downhill.
// Sources: the failures of zones together are measured on public traces (17 % within a region, 2 %
// elsewhere); choosing extra capacity from a joint model of losses is Tributary's idea (ATC 2018).
//
// Large fleets are planned in lots, eight to the target. Integers only. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "core/policies/market_policy.h"
#include "core/time.h"

namespace sky::core {

inline constexpr std::size_t max_plan_zones = 9;  // the best ones are looked at
inline constexpr std::uint32_t max_lots = 8;
inline constexpr std::uint32_t max_extra_lots = 4;
inline constexpr std::uint32_t no_limit = 1'000'000;

struct PlanZone {
  std::int64_t hazard_micro = 0;  // an hour
  std::int64_t price_micro = 1'000'000;  // of the cheapest spot price
  std::uint32_t region = 0;
  std::uint32_t rank = 0;  // among equals the smaller comes first
  std::uint32_t room = no_limit;  // replicas, at most
};

struct PlanProblem {
  std::vector<PlanZone> zones;
  std::uint32_t target = 0;
  std::int64_t on_demand_price_micro = 3'000'000;
  Duration exposure{0};  // D
  RiskWeights weights_micro;  // with the pressure in them
  LossHabits habits;
  std::uint32_t most_share = no_limit;  // no zone holds more replicas than this
};

struct FleetShape {
  std::vector<std::uint32_t> spot;  // by zone
  std::uint32_t on_demand = 0;
  std::int64_t cost = 0;
  std::int64_t risk = 0;

  std::int64_t score() const { return cost + risk; }
};

FleetShape cheapest_fleet(const PlanProblem& problem);

// Of this spot fleet with the best number of on-demand replicas beside it.
FleetShape with_best_on_demand(const PlanProblem& problem, const std::vector<std::uint32_t>& spot);

}  // namespace sky::core
