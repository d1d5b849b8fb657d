// How often a cloud may be called: a bucket of tokens on our side, and the wait before a call that
// was turned away is made again.
//
// The wait is "full jitter": anything from zero to a limit that doubles, so that callers who were
// turned away together do not come back together (AWS Architecture Blog, "Exponential Backoff And
// Jitter"). Pure; the caller brings the time and the chance.
#pragma once

#include <cstdint>

#include "core/time.h"

namespace sky::adapters::vm {

struct CallRate {
  double capacity = 1;  // calls at once
  double per_second = 1;  // refilled
};

class CallBudget {
 public:
  CallBudget(CallRate rate, core::Instant now) : rate_(rate), tokens_(rate.capacity), at_(now) {}

  // Takes a token, if need be one that is still to come; zero, or how long to wait for it.
  core::Duration take(core::Instant now);
  // The cloud said that it was too much: nothing is left, whatever we counted.
  void empty(core::Instant now);

 private:
  void refill(core::Instant now);

  CallRate rate_;
  double tokens_;  // below zero: promised
  core::Instant at_;
};

inline constexpr core::Duration first_retry_limit = core::milliseconds(500);  // guesses
inline constexpr core::Duration last_retry_limit = core::seconds(20);

// `draw`: any 64 bits. `retries`: how often this call was made again already.
core::Duration jittered_wait(std::uint32_t retries, std::uint64_t draw);

}  // namespace sky::adapters::vm
