// SpotHedge: spread over zones that did not take a machine from us, a constant number of extra spot
// replicas, and on-demand ones for what is not ready.
//
//   spot       N + E, each missing one by choose_zone below, retried all the time
//   on demand  O = min(N, N + E - ready spot)
// Source: Algorithm 1 and section 3 of the SkyServe paper (EuroSys 2025). Which zones are
// "preempting" is folded by mark_preempting (core/placement.h), with one of two rules for when all
// are forgiven.
#pragma once

#include <optional>

#include "core/policies/market_view.h"

namespace sky::core {

MarketPlan plan_spot_hedge(const MarketView& view, std::uint32_t extra);

// The number of available zones at which all preempting ones are forgiven, out of `zones`.
// As printed: one, so that not every replica lands in the last zone. With three zones of which
// only one has capacity that starves the missing replica for ever: it is sent to the two others in
// turn.
inline constexpr std::size_t forgiving_as_printed = 1;
// As in the authors' simulator: min(1, zones - 3).
constexpr std::size_t forgiving_as_artifact(std::size_t zones) { return zones >= 4 ? 1 : 0; }

}  // namespace sky::core
