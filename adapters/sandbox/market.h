// How much spot capacity a zone has at a time of the market: calm, seeded, or a recorded trace.
//
// Pure: the same question has the same answer for ever. Market time counts from the sandbox's
// first start. Up and down periods of the seeded market are drawn from the distribution that fits
// public spot traces (Lomax: young zones die soon, old ones live long).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace sky::adapters::sandbox {

// A recorded trace: samples per zone, one every `gap`.
struct MarketTrace {
  core::Duration gap{0};
  std::vector<std::string> zones;  // may be empty: the file names none
  std::vector<std::vector<std::uint32_t>> capacity;  // per zone
  std::vector<std::string> regions = {};  // per zone; may be empty, too
};

// {"gap_seconds":..,"zones":[..],"capacity":[[..]]} or {"metadata":{"gap_seconds":..},"data":[..]}.
// Errors: invalid_input.
core::Result<MarketTrace> parse_market_trace(const std::string& json);

class Market {
 public:
  static Market calm();  // every zone always has what the catalog says
  static Market seeded(std::uint64_t seed);
  // A zone follows the column of its own name, or else the one its place in `zones` gives. The
  // largest value of a column means "at least as many": the collectors asked for no more. The
  // trace begins again when it ends.
  static Market recorded(MarketTrace trace, std::vector<std::string> zones);

  // Of `full`, what the zone has at that time.
  std::uint32_t capacity(const std::string& zone, std::uint32_t full, core::Duration at) const;
  // The next time after `at` when that may change; none: never.
  std::optional<core::Duration> next_change(const std::string& zone, core::Duration at) const;

 private:
  enum class Kind { calm, seeded, recorded };
  struct Period {
    core::Duration end{0};
    bool is_up = true;
  };
  Period seeded_period(const std::string& zone, core::Duration at) const;
  const std::vector<std::uint32_t>& column(const std::string& zone) const;

  Kind kind_ = Kind::calm;
  std::uint64_t seed_ = 0;
  MarketTrace trace_;
  std::vector<std::string> zones_;
};

}  // namespace sky::adapters::sandbox
