// Runs a reactor in a test until something is true, for a bounded time.
#pragma once

#include <chrono>
#include <functional>

#include "adapters/reactor.h"

namespace sky::adapters {

// False: it was not true within `limit`.
inline bool run_until(Reactor& reactor, const std::function<bool()>& is_true,
                      std::chrono::milliseconds limit = std::chrono::seconds(8)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  Timer wake(reactor);
  wake.start_repeating(core::milliseconds(5), [] {});
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > end) return false;
    uv_run(reactor.loop(), UV_RUN_ONCE);
  }
  return true;
}

inline void run_for(Reactor& reactor, std::chrono::milliseconds time) {
  run_until(
      reactor, [] { return false; }, time);
}

}  // namespace sky::adapters
