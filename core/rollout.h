// How a new version replaces the old one, as two numbers: how many replicas may be launched now,
// and how many old ones may be given up now.
//
//   rolling      live replicas never exceed wanted + max(1, surge); an old ready one goes only when
//                the other old ready ones and the new ones that baked still make up what is wanted
//   blue_green   a whole new fleet beside the old one; all old ones go when as many new ones as are
//                wanted have baked
//
// Baked: ready without a break for the bake time. Old replicas that are not ready serve nobody and
// go at once. The surge limit also bounds a change of the pools' sizes within one version.
#pragma once

#include <cstdint>

#include "core/event.h"
#include "core/spec.h"

namespace sky::core {

struct RolloutView {
  UpdateMode mode = UpdateMode::rolling;
  std::uint32_t surge = 1;
  std::uint32_t wanted = 0;  // all pools
  std::uint32_t live_new = 0;  // of the wanted version
  std::uint32_t baked_new = 0;
  std::uint32_t live_old = 0;
  std::uint32_t ready_old = 0;
};

struct RolloutMoves {
  std::uint32_t launches = 0;  // at most so many new replicas
  std::uint32_t drops_unready = 0;  // old replicas that do not serve
  std::uint32_t drops_ready = 0;  // old replicas that serve
  bool operator==(const RolloutMoves&) const = default;
};

RolloutMoves plan_rollout(const RolloutView& view);

}  // namespace sky::core
