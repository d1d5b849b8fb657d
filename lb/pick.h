// Which replica gets the next request. Pure but for the rotation it keeps.
//
// The caller offers only replicas that may be chosen at all: ready, not draining, not ejected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/ids.h"
#include "core/spec.h"

namespace sky::lb {

struct Candidate {
  core::ReplicaId replica;
  std::uint32_t in_flight = 0;
  std::int64_t weight = 1;  // target rate of its accelerator; only the instance aware policy looks
};

class Picker {
 public:
  explicit Picker(core::BalancingPolicy policy) : policy_(policy) {}
  void set_policy(core::BalancingPolicy policy) { policy_ = policy; }

  // The place of the chosen one in `candidates`; none when all are in `tried` or there are none.
  //
  // least_load: fewest requests in flight, exactly; equal ones take turns.
  // round_robin: the next one.
  // instance_aware_least_load: smallest (in flight + 1) / weight, the load it would then have, so
  // that the stronger of two idle replicas comes first.
  std::optional<std::size_t> pick(std::span<const Candidate> candidates,
                                  std::span<const core::ReplicaId> tried);

 private:
  bool is_better(const Candidate& left, const Candidate& right) const;

  core::BalancingPolicy policy_;
  std::size_t turn_ = 0;  // where the search starts: one behind the last choice
};

}  // namespace sky::lb
