// What would have been needed for another outcome of a recorded decision, as values.
//
// The state before the decision is asked again, through the functions that decided it, with another
// load, price, block or limit; nothing here is a second copy of a rule. cli/print_otherwise.h says
// it in words. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/downscale_order.h"
#include "core/launch_verdict.h"
#include "core/placement_otherwise.h"
#include "projections/fleet_view.h"
#include "projections/model.h"
#include "projections/scale_otherwise.h"

namespace sky::projections {

struct PlacementOtherwise {
  struct Other {
    core::Offer offer;
    std::optional<core::OfferNeeds> needs;  // none: only when all that come before it are blocked
    std::optional<core::Instant> blocked_until;
  };
  std::optional<core::Offer> chosen;
  std::vector<Other> others;  // in the order of the event's candidates
  std::optional<core::Offer> next;  // what would have been chosen had the chosen one been blocked
  std::optional<core::Instant> earliest;  // when the first of the blocked ones is free again
};

// A launch that failed, or the block that followed from it.
struct LaunchOtherwise {
  core::Failure failure;
  core::NextLaunch next = core::NextLaunch::next_offer;
  std::optional<core::BlockKey> blocked;  // these offers are left alone
  std::optional<core::Instant> until;
  std::uint32_t same_calls = 0;  // how often the same call was made again before
  std::optional<core::Instant> retry_at;  // when it is made again
  std::optional<core::Offer> instead;  // where the replica was launched at once
};

// A replica that was given up because there were too many, or because its version is replaced.
struct DropOtherwise {
  core::DrainReason reason = core::DrainReason::unknown;
  core::DownscaleCandidate gone;
  std::optional<core::DownscaleCandidate> next;  // who goes after it in the same order
  core::DownscaleTrait trait = core::DownscaleTrait::newest;  // why before the next
  core::Pool pool = core::Pool::unknown;
  std::uint32_t live = 0;  // in that pool, of the wanted version
  std::uint32_t wanted = 0;
};

// A replica that was given up because it did not answer.
struct SilenceOtherwise {
  core::Phase final_phase = core::Phase::unknown;
  core::Duration allowed{0};  // so long it may be silent
  core::Duration silent{0};  // so long it was
  std::int32_t last_http_status = 0;
};

struct RollbackOtherwise {
  core::Version failed;
  core::Version restored;
  core::Duration bake_time{0};  // a replica that is ready for so long proves a version
  std::uint32_t failures = 0;
};

// A replica that was planned: the fleet before it.
struct PlanOtherwise {
  FleetView fleet;
  core::Pool pool = core::Pool::unknown;
  std::uint32_t live = 0;  // in that pool
  std::uint32_t target = 0;
  std::optional<std::uint32_t> target_without;  // the largest one that does without it
};

// A replica that stopped to answer.
struct UnreadyOtherwise {
  std::optional<core::Instant> given_up;  // if no probe is answered before
};

// A machine that the cloud took: nothing of ours chose it.
struct TakenOtherwise {
  core::Price price;
  core::Price on_demand_price;  // of the same machine, which is not taken
  bool is_spot = false;
};

// Requests that wait, or waited in vain.
struct HoldOtherwise {
  std::uint32_t ready = 0;  // replicas
  std::uint32_t hold_limit = 0;
  core::Duration hold_timeout{0};
};

using Otherwise = std::variant<std::monostate, ScaleOtherwise, PlacementOtherwise, LaunchOtherwise,
                               DropOtherwise, SilenceOtherwise, RollbackOtherwise, PlanOtherwise,
                               UnreadyOtherwise, TakenOtherwise, HoldOtherwise>;

// `before`: the fold of everything before the event. monostate: nothing of ours decided it.
Otherwise otherwise(const Model& before, const core::Event& event);

}  // namespace sky::projections
