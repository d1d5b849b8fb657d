// Prices and costs in integers, so that another compiler cannot change a decision.
#pragma once

#include <compare>
#include <cstdint>

#include "core/time.h"

namespace sky::core {

// An amount in 10^-9 US dollars: one hour at $0.0001 is still exact per second.
struct Money {
  std::int64_t nano_usd = 0;
  auto operator<=>(const Money&) const = default;
  Money operator+(Money other) const { return {nano_usd + other.nano_usd}; }
  Money& operator+=(Money other) { return nano_usd += other.nano_usd, *this; }
  double usd() const { return static_cast<double>(nano_usd) / 1e9; }
};

// A price of one instance, in 10^-6 US dollars an hour.
struct Price {
  std::int64_t micro_usd_per_hour = 0;
  auto operator<=>(const Price&) const = default;
  Price operator+(Price other) const { return {micro_usd_per_hour + other.micro_usd_per_hour}; }
  double usd_per_hour() const { return static_cast<double>(micro_usd_per_hour) / 1e6; }

  // Cost of holding one instance that long, billed per microsecond, rounded down.
  Money for_duration(Duration held) const {
    constexpr std::int64_t hour_seconds = 3600;
    const std::int64_t us = held.count();
    // price [1e-6 $/h] * time [1e-6 s] / 3600 s = 1e-12 $ -> split to stay inside 64 bits.
    const std::int64_t whole = us / 1'000'000, rest = us % 1'000'000;
    return {micro_usd_per_hour * whole / hour_seconds * 1000 +
            micro_usd_per_hour * whole % hour_seconds * 1000 / hour_seconds +
            micro_usd_per_hour * rest / hour_seconds / 1000};
  }
};

}  // namespace sky::core
