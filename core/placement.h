// Where the next replica goes: pure choices over the offers a pool may use.
//
// Every policy lists all candidates with a score (smaller is better) and a note, marks at most one
// as chosen, and says why. None chosen: the replica waits; the reason says for what.
//   base            first free offer in the order of preference, so $0 machines come first; a paid
//                   one is an overflow, never silent, and only if the service allows it
//   static_mixture  cheapest spot offer, in a zone that holds none of our spot replicas and took
//                   none lately, as far as there is one (SkyServe puts all into the cheapest zone,
//                   where they die together, and the replacement too)
//   spot_hedge      Algorithm 1 of the SkyServe paper: zones that preempted us are left alone
//                   until fewer than two others remain; of the rest those not in use, then the
//                   cheapest
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/offer.h"

namespace sky::core {

struct OfferState {
  const Offer* offer = nullptr;  // borrowed for the call
  std::uint32_t replicas_in_zone = 0;  // spot replicas of this service that live there
  bool is_blocked = false;  // core/launch_verdict.h: after a failure there
  bool took_lately = false;  // the zone took a machine from us, or gave notice, minutes ago
  std::string block_text;  // the kind of that failure
};

// Offers are in the order of preference of core/offer_match.h.
PlacementChosen place_base(std::span<const OfferState> offers, bool allow_paid);
PlacementChosen place_static_mixture(std::span<const OfferState> offers);
PlacementChosen place_spot_hedge(std::span<const OfferState> offers,
                                 const std::set<Place>& preempting);

// The chosen offer, if there is one.
const Offer* chosen_offer(const PlacementChosen& placement);

// An event lists at most so many candidates, the chosen one always among them. 64 is more than a
// person reads.
inline constexpr std::size_t max_candidates = 64;
void trim_candidates(std::vector<Candidate>& candidates);

// SpotHedge's two lists as one set: the zones that took a replica from us.
//
// `zones`: every zone with a spot offer. When no more than `forgiving` of them would be left
// available, all are again: otherwise every replica would land in the last one and die with it.
// core/policies/spot_hedge.h has the two published numbers.
void mark_preempting(std::set<Place>& preempting, const Place& zone, const std::set<Place>& zones,
                     std::size_t forgiving = 1);

}  // namespace sky::core
