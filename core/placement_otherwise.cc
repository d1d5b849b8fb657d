#include "core/placement_otherwise.h"

#include <algorithm>
#include <bit>

namespace sky::core {
namespace {

constexpr unsigned open_bit = 1, calm_bit = 2, spared_bit = 4, unused_bit = 8;
constexpr unsigned all_bits = 15;

OfferNeeds needs_of(unsigned bits) {
  return {(bits & open_bit) != 0,
          (bits & calm_bit) != 0,
          (bits & spared_bit) != 0,
          (bits & unused_bit) != 0,
          {}};
}

class Asker {
 public:
  Asker(const PlacementRule& rule, std::span<const OfferState> offers,
        const std::set<Place>& preempting, std::size_t index)
      : rule_(rule), offers_(offers), preempting_(preempting), index_(index) {}

  Price price() const { return offers_[index_].offer->price; }

  // The parts that are not as they should be already.
  unsigned applicable() const {
    const OfferState& state = offers_[index_];
    return (state.is_blocked ? open_bit : 0) | (state.took_lately ? calm_bit : 0) |
           (preempting_.contains(state.offer->place) ? spared_bit : 0) |
           (state.replicas_in_zone > 0 ? unused_bit : 0);
  }

  bool is_chosen(const OfferNeeds& needs, Price price) const {
    const PlacementChosen answer = asked_with(rule_, offers_, preempting_, index_, needs, price);
    Offer wanted = *offers_[index_].offer;
    wanted.price = price;
    const Offer* chosen = chosen_offer(answer);
    return chosen != nullptr && *chosen == wanted;
  }

  // The largest price with which it is chosen, as the first one with which it is not.
  std::optional<Price> price_limit(const OfferNeeds& needs) const {
    if (price().micro_usd_per_hour == 0 || !is_chosen(needs, {0})) return {};
    std::int64_t chosen = 0, passed_over = price().micro_usd_per_hour;
    while (passed_over - chosen > 1) {
      const std::int64_t middle = chosen + (passed_over - chosen) / 2;
      (is_chosen(needs, {middle}) ? chosen : passed_over) = middle;
    }
    return Price{passed_over};
  }

 private:
  const PlacementRule& rule_;
  std::span<const OfferState> offers_;
  const std::set<Place>& preempting_;
  std::size_t index_;
};

}  // namespace

PlacementChosen asked_with(const PlacementRule& rule, std::span<const OfferState> offers,
                           const std::set<Place>& preempting, std::size_t index,
                           const OfferNeeds& needs, Price price) {
  std::vector<OfferState> changed(offers.begin(), offers.end());
  std::set<Place> left_alone = preempting;
  OfferState& state = changed[index];
  Offer offer = *state.offer;
  offer.price = price;
  state.offer = &offer;
  if (needs.open) state.is_blocked = false;
  if (needs.calm) state.took_lately = false;
  if (needs.unused) state.replicas_in_zone = 0;
  if (needs.spared) left_alone.erase(offer.place);
  return rule(changed, left_alone);
}

std::optional<OfferNeeds> needs_to_be_chosen(const PlacementRule& rule,
                                             std::span<const OfferState> offers,
                                             const std::set<Place>& preempting, std::size_t index) {
  const Asker asker(rule, offers, preempting, index);
  const unsigned applicable = asker.applicable();
  for (int parts = 0; parts <= std::popcount(all_bits) + 1; ++parts) {
    for (unsigned bits = 0; bits <= all_bits; ++bits)
      if ((bits & ~applicable) == 0 && std::popcount(bits) == parts &&
          asker.is_chosen(needs_of(bits), asker.price()))
        return needs_of(bits);
    for (unsigned bits = 0; bits <= all_bits; ++bits) {
      if ((bits & ~applicable) != 0 || std::popcount(bits) + 1 != parts) continue;
      OfferNeeds needs = needs_of(bits);
      needs.below = asker.price_limit(needs);
      if (needs.below) return needs;
    }
  }
  return {};
}

}  // namespace sky::core
