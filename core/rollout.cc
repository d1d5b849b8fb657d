#include "core/rollout.h"

#include <algorithm>

namespace sky::core {
namespace {

std::uint32_t above(std::uint32_t value, std::uint32_t limit) {
  return value > limit ? value - limit : 0;
}

}  // namespace

RolloutMoves plan_rollout(const RolloutView& view) {
  RolloutMoves moves;
  const std::uint32_t live = view.live_new + view.live_old;
  if (view.mode == UpdateMode::blue_green && view.live_old > 0) {
    moves.launches = above(view.wanted, view.live_new);
    const bool is_complete = view.baked_new >= view.wanted;
    moves.drops_ready = is_complete ? view.ready_old : 0;
    moves.drops_unready = view.live_old - view.ready_old;
    return moves;
  }
  moves.launches = above(view.wanted + std::max(1u, view.surge), live);
  moves.drops_unready = view.live_old - view.ready_old;
  moves.drops_ready = std::min(view.ready_old, above(view.ready_old + view.baked_new, view.wanted));
  return moves;
}

}  // namespace sky::core
