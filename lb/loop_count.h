// How many event loops an endpoint has. Any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>

namespace sky::lb {

inline constexpr std::uint32_t max_loops = 64;

// One a core, at most four: an endpoint shares its machine, and few need more.
inline std::uint32_t usual_loops() {
  return std::clamp<std::uint32_t>(std::thread::hardware_concurrency(), 1, 4);
}

}  // namespace sky::lb
