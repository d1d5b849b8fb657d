#include "cli/load_schedule.h"

#include <cmath>

namespace sky::cli {

LoadSchedule::LoadSchedule(double qps, bool is_poisson, std::uint64_t seed)
    : qps_(qps), is_poisson_(is_poisson), random_(seed) {}

void LoadSchedule::advance() {
  ++count_;
  if (is_poisson_) {
    // 53 random bits in (0, 1]; written out because std::exponential_distribution may differ
    // between libraries.
    const double uniform = static_cast<double>((random_() >> 11) + 1) * 0x1p-53;
    offset_s_ += -std::log(uniform) / qps_;
  } else {
    offset_s_ = static_cast<double>(count_) / qps_;  // no sum: rounding must not add up
  }
  next_ = core::Duration(static_cast<std::int64_t>(offset_s_ * 1e6));
}

}  // namespace sky::cli
