#include "core/policies/slo_tracking.h"

#include <algorithm>

#include "core/policies/fixed_point.h"

namespace sky::core {
namespace {

constexpr Duration most_debt = std::chrono::hours(90);
constexpr std::int64_t seconds_per_e = 20 * 3600;  // 1 / (0.05/h)
constexpr std::int64_t million = 1'000'000;

Duration first_debt(std::uint32_t allowed_ppm) {
  constexpr std::uint64_t usual_ppm = 2500;
  const std::int64_t halved = -ln2_q16;
  const std::int64_t log_q16 =
      allowed_ppm < usual_ppm ? ln_ratio_q16(usual_ppm, allowed_ppm) : halved;
  return seconds(std::max(log_q16, halved) * seconds_per_e >> q16_bits);
}

}  // namespace

void track(SloDebt& debt, std::uint32_t availability_ppm, bool is_short, Instant now) {
  const std::int64_t allowed_ppm = million - std::min<std::int64_t>(availability_ppm, million - 1);
  if (!debt.since) debt.debt = first_debt(static_cast<std::uint32_t>(allowed_ppm));
  if (debt.since && now > *debt.since) {
    const Duration passed = std::min<Duration>(now - *debt.since, most_debt);
    debt.debt -= passed;
    if (debt.is_short) debt.debt += passed / allowed_ppm * million;
    debt.debt = std::clamp<Duration>(debt.debt, -most_debt, most_debt);
  }
  debt.since = now;
  debt.is_short = is_short;
}

std::int64_t pressure_q16(const SloDebt& debt) {
  return whole_seconds(debt.debt) * one_q16 / seconds_per_e;
}

}  // namespace sky::core
