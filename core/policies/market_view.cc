#include "core/policies/market_view.h"

namespace sky::core {

std::uint32_t total_ready(const MarketView& view) {
  std::uint32_t count = 0;
  for (const ZoneView& zone : view.zones) count += zone.ready;
  return count;
}

std::uint32_t total_held(const MarketView& view) {
  std::uint32_t count = 0;
  for (const ZoneView& zone : view.zones) count += zone.held();
  return count;
}

}  // namespace sky::core
