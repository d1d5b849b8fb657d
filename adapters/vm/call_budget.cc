#include "adapters/vm/call_budget.h"

#include <algorithm>
#include <cmath>

namespace sky::adapters::vm {

void CallBudget::refill(core::Instant now) {
  const std::chrono::duration<double> passed = std::max(now - at_, core::Duration{0});
  tokens_ = std::min(rate_.capacity, tokens_ + passed.count() * rate_.per_second);
  at_ = std::max(at_, now);
}

core::Duration CallBudget::take(core::Instant now) {
  refill(now);
  tokens_ -= 1;
  if (tokens_ >= 0) return core::Duration{0};
  return core::Duration(std::llround(-tokens_ / rate_.per_second * 1e6));
}

void CallBudget::empty(core::Instant now) {
  refill(now);
  tokens_ = std::min(tokens_, 0.0);
}

core::Duration jittered_wait(std::uint32_t retries, std::uint64_t draw) {
  const core::Duration limit =
      std::min(first_retry_limit * (std::int64_t{1} << std::min(retries, 10U)), last_retry_limit);
  return core::Duration(
      static_cast<std::int64_t>(draw % static_cast<std::uint64_t>(limit.count())));
}

}  // namespace sky::adapters::vm
