// A number mixed into another one that looks random: the same everywhere, for seeded models and
// simulations. Not for secrets. (splitmix64, Steele, Lea and Flood, OOPSLA 2014.)
#pragma once

#include <cstdint>

namespace sky::core {

constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

// In (0, 1).
constexpr double uniform(std::uint64_t random) {
  return (static_cast<double>(random >> 11U) + 0.5) / 9007199254740992.0;  // 2^53
}

}  // namespace sky::core
