// What a failed launch means: what is tried next, and which offers are left alone for how long.
//
// Kinds: core/failure.h. Karpenter leaves a zone without capacity alone for three minutes; the
// doubling to thirty and all other durations are guesses.
#pragma once

#include <optional>

#include "core/failure.h"
#include "core/offer.h"

namespace sky::core {

enum class NextLaunch : std::uint8_t {
  same_call,  // the same attempt with the same token, after a while
  next_offer,  // the attempt is known to have failed: another attempt, another offer
  none,  // no provider will ever launch this
};

// The offers a failure speaks about. An empty part, and Market::unknown, mean "any".
struct BlockKey {
  Place place;
  std::string instance_type;
  Market market = Market::unknown;
  auto operator<=>(const BlockKey&) const = default;

  bool covers(const Offer& offer) const;
};

struct Block {
  BlockKey key;
  Duration first{0};  // doubled at each further failure, up to `most`
  Duration most{0};
};

struct LaunchVerdict {
  NextLaunch next = NextLaunch::next_offer;
  std::optional<Block> block;
};

// A call that never got through is not repeated for ever: after so many it counts as failed.
// (An unanswered one may have made a machine, so it is repeated until it is answered.)
inline constexpr std::uint32_t max_same_calls = 8;

// `same_calls`: how often this attempt was already repeated.
LaunchVerdict judge_launch(const Failure& failure, const Offer& offer, std::uint32_t same_calls);

}  // namespace sky::core
