// Availability stated by the user, tracked: the longer the service was short of replicas beyond
// what was stated, the more a shortage weighs.
//
//   debt  += time short / (1 - A) - time, within +-90 h
//   weight of risk = e^(0.05/h * debt): from 1/90 to 90, begins at 1/2, or 0.0025 / (1 - A)
//   where that is more than 1
//
// 0.05/h: the weight follows within a day. In balance the share of time short is 1 - A. (A Lagrange
// multiplier by stochastic gradient; Snape,
// ASPLOS 2023, treats its availability constraint the same way.) A fold over "short or not". Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "core/time.h"

namespace sky::core {

struct SloDebt {
  Duration debt{0};
  std::optional<Instant> since;  // counted so far; none: not begun
  bool is_short = false;  // from then on
  bool operator==(const SloDebt&) const = default;
};

// `availability_ppm`: 995000 is 99.5 %; from 0 to below 1000000.
void track(SloDebt& debt, std::uint32_t availability_ppm, bool is_short, Instant now);

// ln of the weight of risk.
std::int64_t pressure_q16(const SloDebt& debt);

}  // namespace sky::core
