// A recorded or drawn spot market: how many machines each zone had, one number every `gap`.
//
// The numbers stand from their sample until the next. Pure values; who reads files is cli.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/offer.h"
#include "core/time.h"

namespace sky::projections {

struct SpotTrace {
  std::string name;
  core::Duration gap{0};
  std::vector<core::Place> zones;
  std::vector<std::vector<std::uint32_t>> capacity;  // a row per zone, all of the same length

  std::size_t samples() const { return capacity.empty() ? 0 : capacity.front().size(); }
  core::Duration length() const { return gap * static_cast<std::int64_t>(samples()); }
};

}  // namespace sky::projections
