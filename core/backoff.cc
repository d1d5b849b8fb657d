#include "core/backoff.h"

#include <algorithm>

namespace sky::core {

Duration Backoff::after(std::uint32_t failures) const {
  if (failures == 0) return Duration{0};
  Duration wait = first;
  for (std::uint32_t i = 1; i < failures && wait < most; ++i) wait *= 2;
  return std::min(wait, most);
}

}  // namespace sky::core
