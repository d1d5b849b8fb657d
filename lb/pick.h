// Which replica gets the next request. Pure but for the rotation it keeps.
//
// The caller offers only replicas that may be chosen at all: ready, not
// draining, not ejected, with room. Where a client comes back to its replica is
// affinity.h's to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/ids.h"
#include "core/spec.h"

namespace sky::lb {

inline constexpr std::uint32_t full_share = 100;  // percent

struct Candidate {
  core::ReplicaId replica;
  std::uint32_t in_flight = 0;
  std::int64_t weight = 1;  // target rate of its accelerator; only the instance aware policy looks
  std::uint32_t share = full_share;  // percent of its full load it should have: slow start
};

// Why it was that one, for the access log.
enum class PickReason : std::uint8_t {
  none,  // no replica was chosen
  least_load,
  round_robin,
  instance_aware,
  only_one,
  session,  // the same header or cookie had it before
  prefix,  // it had the beginning of this conversation
  affinity_loaded,  // another had it, with too much to do: least load
};
const char* to_text(PickReason reason);

class Picker {
 public:
  explicit Picker(core::BalancingPolicy policy) : policy_(policy) {}
  void set_policy(core::BalancingPolicy policy) { policy_ = policy; }
  PickReason reason() const;  // what choosing by the policy is called

  // The place of the chosen one in `candidates`; none when all are in `tried` or there are none.
  //
  // least_load: fewest requests in flight, exactly; equal ones take turns. One
  // in its slow start counts as fuller by what it lacks: (in flight + 1) /
  // share. round_robin: the next one. instance_aware_least_load: smallest (in
  // flight + 1) / weight, the load it would then have, so that the stronger of
  // two idle replicas comes first.
  std::optional<std::size_t> pick(std::span<const Candidate> candidates,
                                  std::span<const core::ReplicaId> tried);

 private:
  bool is_better(const Candidate& left, const Candidate& right) const;

  core::BalancingPolicy policy_;
  std::size_t turn_ = 0;  // where the search starts: one behind the last choice
};

}  // namespace sky::lb
