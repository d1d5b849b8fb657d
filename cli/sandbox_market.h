// Which market the sandbox's spot zones follow. It belongs to the home, not to a service: it is
// chosen before the daemon starts and kept in the file $SKYCTL_HOME/sandbox.market, so that a
// daemon that comes back goes on with the same one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sandbox/market.h"
#include "cli/home.h"
#include "core/result.h"

namespace sky::cli {

// "calm", "seed:NUMBER" or "trace:FILE", and how many percent of real time it runs at.
struct MarketChoice {
  std::string kind = "calm";
  std::uint32_t speed_percent = 100;
  bool operator==(const MarketChoice&) const = default;
};

core::Result<MarketChoice> stored_market(const Home& home);  // calm when none was chosen
core::Result<void> store_market(const Home& home, const MarketChoice& choice);
// Reads the trace, if it is one. `zones` are the catalog's spot zones, in its order.
core::Result<adapters::sandbox::Market> open_market(const MarketChoice& choice,
                                                    std::vector<std::string> zones);

}  // namespace sky::cli
