// Counts of durations in log-linear buckets: 16 per power of two, so at most 6 % wide.
//
// Integer only, fixed size (2 KiB), adding is a few instructions. Covers 1 us to about 19 hours.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/time.h"

namespace sky::lb {

class LatencyHistogram {
 public:
  void add(core::Duration value) {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    ++counts_[bucket_of(us)];
    ++total_;
    sum_us_ += us;
  }
  void add(const LatencyHistogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    sum_us_ += other.sum_us_;
  }
  core::Duration sum() const { return core::Duration(static_cast<std::int64_t>(sum_us_)); }

  // How many were at most `bound`, as exactly as the buckets tell.
  std::uint64_t count_up_to(core::Duration bound) const {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(bound.count(), 0));
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < counts_.size() && lower_bound(i + 1) <= us + 1; ++i) {
      count += counts_[i];
    }
    return count;
  }
  std::uint64_t total() const { return total_; }
  void clear() { *this = LatencyHistogram(); }

  // The middle of the bucket that holds the given thousandth; zero when empty.
  core::Duration quantile(std::uint32_t per_mille) const {
    const std::uint64_t wanted = (total_ * per_mille + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen >= wanted && seen > 0) {
        const std::uint64_t below = lower_bound(bucket);
        return core::Duration(
            static_cast<std::int64_t>(below + (lower_bound(bucket + 1) - below) / 2));
      }
    }
    return core::Duration{0};
  }

 private:
  static constexpr std::size_t steps = 16;
  static constexpr std::size_t powers = 33;

  static std::size_t bucket_of(std::uint64_t us) {
    if (us < steps) return static_cast<std::size_t>(us);
    const auto power = static_cast<std::size_t>(std::bit_width(us)) - 1;  // at least 4
    const std::size_t step = static_cast<std::size_t>(us >> (power - 4)) & (steps - 1);
    return std::min((power - 3) * steps + step, steps * powers - 1);
  }
  static std::uint64_t lower_bound(std::size_t bucket) {
    if (bucket < steps) return bucket;
    const std::size_t power = bucket / steps + 3;
    return (std::uint64_t{steps} + bucket % steps) << (power - 4);
  }

  std::array<std::uint32_t, steps * powers> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t sum_us_ = 0;
};

}  // namespace sky::lb
