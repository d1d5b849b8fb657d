#include "core/placement.h"

#include <algorithm>

#include "core/policies/zone_choice.h"

namespace sky::core {
namespace {

Candidate as_candidate(const OfferState& state) {
  Candidate candidate;
  candidate.offer = *state.offer;
  candidate.score = state.offer->price.micro_usd_per_hour;
  if (state.is_blocked) candidate.note = "blocked: " + state.block_text;
  return candidate;
}

std::string count_text(std::size_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

void choose(PlacementChosen& placement, std::size_t index, std::string reason) {
  Candidate& candidate = placement.candidates[index];
  candidate.chosen = true;
  if (candidate.note.empty()) candidate.note = "chosen";
  placement.reason = std::move(reason);
}

std::string why_none(std::size_t offers, const char* what) {
  if (offers == 0) return std::string("no ") + what + " offer fits this service";
  return "waiting: all " + count_text(offers, what) + " offers are blocked after failures";
}

// The one with the least score; the first of equals, which is the preferred one.
std::optional<std::size_t> cheapest(const std::vector<Candidate>& candidates,
                                    std::span<const OfferState> offers, auto&& may_use) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (offers[i].is_blocked || !may_use(i)) continue;
    if (!best || candidates[i].score < candidates[*best].score) best = i;
  }
  return best;
}

PlacementChosen listed(const char* policy, std::span<const OfferState> offers) {
  PlacementChosen placement;
  placement.policy = policy;
  for (const OfferState& state : offers) placement.candidates.push_back(as_candidate(state));
  return placement;
}

void note_use(PlacementChosen& placement, std::span<const OfferState> offers) {
  for (std::size_t i = 0; i < offers.size(); ++i)
    if (offers[i].replicas_in_zone > 0 && placement.candidates[i].note.empty())
      placement.candidates[i].note = "in use: " + count_text(offers[i].replicas_in_zone, "replica");
}

std::string hedge_reason(HedgeStep step) {
  switch (step) {
    case HedgeStep::unused: return "cheapest available zone that holds none of our spot replicas";
    case HedgeStep::available: return "cheapest available zone; every one is in use";
    case HedgeStep::any:
    case HedgeStep::none: break;
  }
  return "cheapest zone that is not blocked, although it preempted us";
}

}  // namespace

PlacementChosen place_base(std::span<const OfferState> offers, bool allow_paid) {
  PlacementChosen placement = listed("base", offers);
  std::optional<std::size_t> first, forbidden;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (offers[i].is_blocked) continue;
    const bool is_forbidden = offers[i].offer->is_paid() && !allow_paid;
    if (is_forbidden) placement.candidates[i].note = "paid machines are not allowed";
    auto& found = is_forbidden ? forbidden : first;
    if (!found) found = i;
  }
  if (first) {
    choose(placement, *first,
           offers[*first].offer->is_paid() ? "no free machine is left: a billed one"
                                           : "a machine that costs nothing");
  } else {
    placement.reason = forbidden ? "waiting for a free machine: billed ones are not allowed"
                                 : why_none(offers.size(), "on-demand");
  }
  trim_candidates(placement.candidates);
  return placement;
}

PlacementChosen place_static_mixture(std::span<const OfferState> offers) {
  PlacementChosen placement = listed("static_mixture", offers);
  for (std::size_t i = 0; i < offers.size(); ++i)
    if (offers[i].took_lately && placement.candidates[i].note.empty())
      placement.candidates[i].note = "took a machine lately";
  note_use(placement, offers);
  const auto is_unused = [&](std::size_t i) { return offers[i].replicas_in_zone == 0; };
  const auto is_calm = [&](std::size_t i) { return is_unused(i) && !offers[i].took_lately; };
  if (const auto calm = cheapest(placement.candidates, offers, is_calm))
    choose(placement, *calm, "cheapest zone that holds none of our spot replicas");
  else if (const auto best = cheapest(placement.candidates, offers, is_unused))
    choose(placement, *best, "cheapest zone without our replicas; every such zone took one lately");
  else if (const auto any =
               cheapest(placement.candidates, offers, [](std::size_t) { return true; }))
    choose(placement, *any, "cheapest zone; every open one holds a spot replica already");
  else
    placement.reason = why_none(offers.size(), "spot");
  trim_candidates(placement.candidates);
  return placement;
}

PlacementChosen place_spot_hedge(std::span<const OfferState> offers,
                                 const std::set<Place>& preempting) {
  PlacementChosen placement = listed("spot_hedge", offers);
  const auto is_available = [&](std::size_t i) {
    return !preempting.contains(offers[i].offer->place);
  };
  for (std::size_t i = 0; i < offers.size(); ++i)
    if (!is_available(i) && placement.candidates[i].note.empty())
      placement.candidates[i].note = "preempting";
  note_use(placement, offers);
  std::vector<ZoneChoice> zones;
  for (std::size_t i = 0; i < offers.size(); ++i)
    zones.push_back({.is_open = !offers[i].is_blocked,
                     .is_preempting = !is_available(i),
                     .replicas = offers[i].replicas_in_zone,
                     .price = placement.candidates[i].score,
                     .rank = static_cast<std::uint32_t>(i)});
  const HedgedZone zone = hedged_zone(zones);
  if (zone.index)
    choose(placement, *zone.index, hedge_reason(zone.step));
  else
    placement.reason = why_none(offers.size(), "spot");
  trim_candidates(placement.candidates);
  return placement;
}

void trim_candidates(std::vector<Candidate>& candidates) {
  while (candidates.size() > max_candidates) {
    auto last = std::prev(candidates.end());
    if (last->chosen) --last;
    candidates.erase(last);
  }
}

const Offer* chosen_offer(const PlacementChosen& placement) {
  for (const Candidate& candidate : placement.candidates)
    if (candidate.chosen) return &candidate.offer;
  return nullptr;
}

void mark_preempting(std::set<Place>& preempting, const Place& zone, const std::set<Place>& zones,
                     std::size_t forgiving) {
  preempting.insert(zone);
  const auto available = std::count_if(zones.begin(), zones.end(),
                                       [&](const Place& one) { return !preempting.contains(one); });
  if (static_cast<std::size_t>(available) <= forgiving) preempting.clear();
}

}  // namespace sky::core
