// Connections between the simulated processes: bytes in order, in pieces of any size, after a
// while; cut at any moment; ended by the death of either side.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "adapters/byte_stream.h"
#include "test/sim/process.h"

namespace sky::sim {

struct WireFaults {
  std::uint32_t cut_per_mille = 0;  // of the pieces that arrive
  std::function<void()> on_cut = [] {};
};

using StreamPair =
    std::pair<std::unique_ptr<adapters::ByteStream>, std::unique_ptr<adapters::ByteStream>>;

// Both ends of one connection. `faults` outlives them. Chance is taken from `random`.
StreamPair make_wire(Process& left, Process& right, const WireFaults& faults, Random& random,
                     adapters::Peer left_peer, adapters::Peer right_peer);

}  // namespace sky::sim
