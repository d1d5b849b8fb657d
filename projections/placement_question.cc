#include "projections/placement_question.h"

#include <algorithm>

namespace sky::projections {
namespace {

using core::Pool;

bool is_for(Pool pool, const core::Offer& offer) {
  return offer.is_spot() == (pool == Pool::burst);
}

}  // namespace

PlacementQuestion::PlacementQuestion(const Model& model, const ServiceState& service,
                                     const Replica& replica, core::Instant now)
    : service_(service), version_(service.versions.at(replica.version)), pool_(replica.pool) {
  for (const core::Offer& offer : version_.offers)
    if (is_for(pool_, offer)) offers_.push_back(state_of(model, offer, now));
}

core::OfferState PlacementQuestion::state_of(const Model& model, const core::Offer& offer,
                                             core::Instant now) {
  core::OfferState state;
  state.offer = &offer;
  for (const auto& [id, other] : service_.replicas)
    if (core::is_live(other.phase) && other.launched && other.is_spot() &&
        other.offer.place == offer.place && other.phase != core::Phase::pending)
      ++state.replicas_in_zone;
  state.took_lately = took_lately(model.zones, offer.place, now);
  if (const auto block = block_on(model.zones, offer, now)) {
    state.is_blocked = true;
    state.block_text = core::to_text(block->kind);
    earliest_ = std::min(earliest_.value_or(block->until), block->until);
  }
  return state;
}

core::PlacementChosen PlacementQuestion::answer(std::span<const core::OfferState> offers,
                                                const std::set<core::Place>& preempting) const {
  const core::ServiceSpec& spec = version_.spec;
  if (pool_ != Pool::burst)
    return core::place_base(offers, !spec.no_paid_overflow || pool_ == Pool::fallback);
  if (spec.replicas.placement == core::Placement::spot_hedge)
    return core::place_spot_hedge(offers, preempting);
  return core::place_static_mixture(offers);
}

}  // namespace sky::projections
