// How long to wait before trying again: doubling from `first` to `most`.
//
// No jitter: `step` has no randomness, and what it retries is spread by the answers' own times.
#pragma once

#include <cstdint>

#include "core/time.h"

namespace sky::core {

struct Backoff {
  Duration first{0};
  Duration most{0};

  // Before the try that follows `failures` failures in a row; zero when there was none.
  Duration after(std::uint32_t failures) const;
};

// Replacing replicas that their own code ended: first soon, then slower, never a tight loop.
// A guess; SkyServe has none, which lets a crashing version be launched without end.
inline constexpr Backoff crash_backoff{seconds(10), seconds(300)};

// The same launch call again after a throttled, transient or unanswered one. A guess.
inline constexpr Backoff launch_backoff{seconds(1), seconds(60)};

// The same terminate call again. A guess: a machine that costs money should go soon.
inline constexpr Backoff terminate_backoff{seconds(2), seconds(60)};

}  // namespace sky::core
