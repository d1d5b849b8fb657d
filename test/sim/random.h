// The one source of chance in a world: the same seed gives the same numbers on every machine and in
// every build. Nothing here is of <random>, whose distributions differ between libraries.
//
// xoshiro256** of Blackman and Vigna (public domain), seeded by splitmix64.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/time.h"

namespace sky::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      word = mixed ^ (mixed >> 31);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = rotated(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotated(state_[3], 45);
    return result;
  }
  // 0 to limit - 1; 0 when the limit is 0.
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : next() % limit; }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(below(std::uint64_t{most - least} + 1));
  }
  core::Duration between(core::Duration least, core::Duration most) {
    const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
    return least + core::Duration(static_cast<std::int64_t>(below(span)));
  }
  bool per_mille(std::uint32_t chance) { return below(1000) < chance; }
  bool percent(std::uint32_t chance) { return below(100) < chance; }
  template <class T, std::size_t N>
  const T& one_of(const std::array<T, N>& choices) {
    return choices[below(N)];
  }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }
  // A stream of its own, so that one part's use of chance does not shift another's.
  Random fork() { return Random(next()); }

 private:
  static std::uint64_t rotated(std::uint64_t value, int bits) {
    return (value << bits) | (value >> (64 - bits));
  }
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace sky::sim
