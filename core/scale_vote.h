// When to follow a changed load: a vote of the evaluations over the whole delay.
//
// One evaluation a second, each wanting some number of replicas. The target moves when all hold:
//   - the delay is over: the evaluation at its beginning wanted a change in this direction,
//   - at least `vote_share_percent` of all evaluations since then wanted it too,
//   - the newest one still does.
// It moves to the number that this share supports: up to the largest number that 80 % wanted at
// least, down to the smallest that 80 % wanted at most. So one odd sample neither resets the
// clock (SkyServe issue #4444) nor decides the size. Delay zero acts at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/time.h"

namespace sky::core {

enum class Direction : std::uint8_t { up, down };

inline constexpr std::uint32_t vote_share_percent = 80;

struct Vote {
  bool is_waiting = false;  // the newest evaluation wants a change, or one did a moment ago
  bool is_carried = false;  // move now
  std::uint32_t target = 0;  // where to, when carried
  std::uint32_t percent = 0;  // of the evaluations due over the delay that agree, rounded down
};

// A wait goes on over this many evaluations that disagree: a noisy load near the limit would
// otherwise begin and end a wait every second. A guess.
inline constexpr std::size_t patient_evaluations = 10;

// How many evaluations a delay spans: one at its beginning and one in each second after.
std::size_t evaluations_due(Duration delay);

// `wanted`: the newest evaluations, oldest first, at most evaluations_due(delay) of them.
Vote count_votes(std::span<const std::uint32_t> wanted, std::uint32_t current, Direction direction,
                 Duration delay);

}  // namespace sky::core
