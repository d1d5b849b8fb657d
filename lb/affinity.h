// Requests that should come back to the replica that had the ones before them.
// Pure, but for what is remembered.
//
// Sessions (same header or cookie) find their replica by rendezvous hashing:
// nothing is kept, and a replica that leaves moves only its own sessions.
// Conversations are known by the beginning of their bodies: which replica had
// it is remembered in a table of fixed size. Both give way to load.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lb/http_head.h"
#include "lb/pick.h"

namespace sky::lb {

inline constexpr std::size_t prefix_block_bytes = 128;  // guess: some thirty tokens
inline constexpr std::size_t max_prefix_bytes = 16 * 1024;  // what is looked at of a body

struct AffinityKey {
  bool has_session = false;
  std::uint64_t session = 0;
  std::vector<std::uint64_t> prefix;  // hashes of 1, 2, 3 ... blocks from the start on
  void clear() { has_session = false, session = 0, prefix.clear(); }
};

// What the service's affinity sees in a request; `body` is as much of it as is
// there.
void read_affinity(const core::LoadBalancerSpec& spec, const MessageHead& head,
                   std::string_view body, AffinityKey& key);

// The candidate a session belongs to: the highest hash of session and replica.
std::size_t home_of(std::uint64_t session, std::span<const Candidate> candidates);

// Whether a preferred one has so much more to do than the least loaded that it
// is passed over: more than 8 requests and more than half as many again
// (SGLang's router: 64 and 1.5; ours are smaller).
bool is_overloaded(const Candidate& preferred, std::span<const Candidate> candidates);

// Who had the beginning of a conversation, on whichever loop. 16384 beginnings, 128 KiB; new ones
// replace old ones. Any thread.
class PrefixOwners {
 public:
  // The candidate with the longest known beginning, if that is at least half of `prefix`: a system
  // prompt that everybody sends shall not gather everybody at one replica.
  std::optional<std::size_t> find(std::span<const std::uint64_t> prefix,
                                  std::span<const Candidate> candidates) const;
  void remember(std::span<const std::uint64_t> prefix, core::ReplicaId replica);

 private:
  // Half of the hash, and the replica: one word, so that loops need no lock. With the place in the
  // table that makes 46 bits; whoever hits another's by chance gets its replica, nothing else.
  using Slots = std::array<std::atomic<std::uint64_t>, 16'384>;

  std::unique_ptr<Slots> memory_;
  std::atomic<Slots*> slots_{nullptr};  // none until the first is remembered
  std::once_flag made_;
};

}  // namespace sky::lb
