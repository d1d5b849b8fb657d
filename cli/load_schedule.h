// When the requests of an open loop arrive: offsets from the start, never going back.
//
// The same options give the same arrivals on every machine. Pure but for its own generator.
#pragma once

#include <cstdint>
#include <random>

#include "core/time.h"

namespace sky::cli {

class LoadSchedule {
 public:
  LoadSchedule(double qps, bool is_poisson, std::uint64_t seed);

  core::Duration next() const { return next_; }  // of the coming arrival; the first is at zero
  void advance();

 private:
  double qps_;
  bool is_poisson_;
  std::mt19937_64 random_;
  std::uint64_t count_ = 0;
  double offset_s_ = 0;
  core::Duration next_{0};
};

}  // namespace sky::cli
