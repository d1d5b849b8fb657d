// The load of one service, second by second, folded from the traffic samples.
//
// Keeps what the QPS window and the longer scaling delay look back on, one entry per second that
// had any traffic. The vote of core/scale_vote.h is a function of this history, so it survives a
// restart. While the daemon was down arrivals may be missing: that time, and one window after it,
// is `blind` and never counts as a reason to scale down. Bounded by `longest_look_back`.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "core/autoscale_request_rate.h"
#include "core/event.h"

namespace sky::projections {

// Whole seconds of the log clock.
std::int64_t second_of(core::Instant at);
core::Instant start_of(std::int64_t second);

// A day of one-second entries is 2 MiB; a longer delay is cut to this.
inline constexpr std::int64_t longest_look_back = 86'400;

struct LoadSecond {
  std::int64_t second = 0;
  std::uint64_t arrivals = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t held = 0;
  bool operator==(const LoadSecond&) const = default;
};

struct LoadHistory {
  std::deque<LoadSecond> seconds;  // oldest first
  std::int64_t blind_from = 0;  // [from, to): samples may be missing here
  std::int64_t blind_to = 0;
  core::Seq newest;  // the newest event in it
  bool operator==(const LoadHistory&) const = default;

  bool is_blind(std::int64_t second) const { return second >= blind_from && second < blind_to; }
};

void add_sample(LoadHistory& history, const core::TrafficSampled& sample, core::Instant at);
void add_held(LoadHistory& history, std::uint32_t waiting, core::Instant at);
// Drops what neither the window nor a delay of this policy looks back on.
void trim(LoadHistory& history, const core::ReplicaPolicy& policy, core::Instant now);
// Nothing was sampled in [from, to).
void mark_blind(LoadHistory& history, std::int64_t from, std::int64_t to);

// The load as an evaluation in each of the `count` seconds that end with `last` saw it.
std::vector<core::Load> loads_at(const LoadHistory& history, core::Duration window,
                                 std::int64_t last, std::size_t count);

}  // namespace sky::projections
