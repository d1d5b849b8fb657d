// What an offer that was not chosen would have needed to be chosen, found by asking the policy
// again with the offer changed. Pure.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/placement.h"

namespace sky::core {

// The policy that chose: a function of the offers and of SpotHedge's zones to leave alone.
using PlacementRule =
    std::function<PlacementChosen(std::span<const OfferState>, const std::set<Place>&)>;

// All of these together, and none of them is enough alone.
struct OfferNeeds {
  bool open = false;  // its block over
  bool calm = false;  // no machine taken there lately
  bool spared = false;  // not among the zones that preempted us (SpotHedge)
  bool unused = false;  // no spot replica of ours in its zone
  std::optional<Price> below;  // cheaper than this
  bool operator==(const OfferNeeds&) const = default;

  bool is_nothing() const { return *this == OfferNeeds{}; }
};

// The fewest needs with which the rule chooses offers[index]; a lower price only where no other
// change of as few parts does it. None: it comes after another one whatever it costs.
std::optional<OfferNeeds> needs_to_be_chosen(const PlacementRule& rule,
                                             std::span<const OfferState> offers,
                                             const std::set<Place>& preempting, std::size_t index);

// What the rule says when offers[index] is as those needs ask for; `price` stands for `below`.
PlacementChosen asked_with(const PlacementRule& rule, std::span<const OfferState> offers,
                           const std::set<Place>& preempting, std::size_t index,
                           const OfferNeeds& needs, Price price);

}  // namespace sky::core
