// Which replicas to give up first: what costs most to keep and least to lose.
//
// Not ready before ready, outdated before current, weak before strong (instance aware only), dear
// before cheap, few requests in flight before many, newest first. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.h"
#include "core/money.h"
#include "core/phase.h"
#include "core/spec.h"

namespace sky::core {

struct DownscaleCandidate {
  ReplicaId id;
  Phase phase = Phase::unknown;
  bool is_outdated = false;
  MilliRps capacity;  // zero unless targets are set per accelerator
  Price price;
  std::uint32_t in_flight = 0;
};

// The order in which they go.
std::vector<ReplicaId> downscale_order(std::vector<DownscaleCandidate> candidates);

// The first part of the order in which two differ: why one of them goes before the other.
enum class DownscaleTrait : std::uint8_t {
  readiness,
  outdated,
  capacity,
  price,
  in_flight,
  newest
};
DownscaleTrait deciding_trait(const DownscaleCandidate& one, const DownscaleCandidate& other);

}  // namespace sky::core
