// Logarithms and powers of two in integers, so that every compiler and processor gets the same.
//
// Numbers are fixed-point with 16 fractional bits (`one_q16` is 1.0). Errors stay below 2^-14,
// relative to 1: far finer than anything known about a cloud.
#pragma once

#include <bit>
#include <cstdint>

namespace sky::core {

inline constexpr int q16_bits = 16;
inline constexpr std::int64_t one_q16 = std::int64_t{1} << q16_bits;
inline constexpr std::int64_t ln2_q16 = 45426;  // ln 2

// log2(value) for value >= 1, by repeated squaring of the mantissa.
constexpr std::int64_t log2_q16(std::uint64_t value) {
  if (value <= 1) return 0;
  const int whole = 63 - std::countl_zero(value);
  std::uint64_t mantissa = whole >= 31 ? value >> (whole - 31) : value << (31 - whole);  // [1, 2)
  std::int64_t result = whole;
  for (int bit = 0; bit < q16_bits; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    result <<= 1;
    if (mantissa >= (std::uint64_t{1} << 32)) {
      result |= 1;
      mantissa >>= 1;
    }
  }
  return result;
}

// ln(above / below) for above >= below >= 1.
constexpr std::int64_t ln_ratio_q16(std::uint64_t above, std::uint64_t below) {
  return (log2_q16(above) - log2_q16(below)) * ln2_q16 >> q16_bits;
}

// 2^x for x of either sign, by a cubic in the fractional part; 0 below 2^-16, limited at 2^30.
constexpr std::int64_t exp2_q16(std::int64_t exponent) {
  const std::int64_t whole = exponent >> q16_bits;
  const std::int64_t f = exponent - (whole << q16_bits);
  // 1 + f (0.695976 + f (0.224940 + f 0.079020)): the least error of a cubic exact at both ends
  const std::int64_t c3 = 5179, c2 = 14742, c1 = 45611;
  std::int64_t power = c2 + (c3 * f >> q16_bits);
  power = c1 + (power * f >> q16_bits);
  power = one_q16 + (power * f >> q16_bits);
  if (whole > 30) return one_q16 << 30;
  if (whole >= 0) return power << whole;
  return whole < -q16_bits ? 0 : power >> -whole;
}

// e^x.
constexpr std::int64_t exp_q16(std::int64_t exponent) {
  constexpr std::int64_t log2_e = 94548;
  return exp2_q16(exponent * log2_e >> q16_bits);
}

}  // namespace sky::core
