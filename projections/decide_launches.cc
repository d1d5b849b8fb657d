#include <algorithm>

#include "core/placement.h"
#include "core/pool_split.h"
#include "projections/decide.h"
#include "projections/open_intents.h"

namespace sky::projections {
namespace {

using core::Pool;

bool is_for(Pool pool, const core::Offer& offer) {
  return offer.is_spot() == (pool == Pool::burst);
}

class Placer {
 public:
  Placer(Recorder& recorder, const ServiceState& service, const Replica& replica)
      : recorder_(recorder),
        service_(service),
        replica_(replica),
        version_(service.versions.at(replica.version)) {}

  void place() {
    const core::PlacementChosen placement = choose();
    const core::Offer* offer = core::chosen_offer(placement);
    if (offer)
      launch(*offer, placement);
    else
      wait(placement);
  }

 private:
  core::PlacementChosen choose() {
    for (const core::Offer& offer : version_.offers)
      if (is_for(replica_.pool, offer)) offers_.push_back(state_of(offer));
    if (replica_.pool != Pool::burst)
      return core::place_base(offers_,
                              !version_.spec.no_paid_overflow || replica_.pool == Pool::fallback);
    if (version_.spec.replicas.placement == core::Placement::spot_hedge)
      return core::place_spot_hedge(offers_, service_.preempting);
    return core::place_static_mixture(offers_);
  }

  core::OfferState state_of(const core::Offer& offer) {
    core::OfferState state;
    state.offer = &offer;
    for (const auto& [id, other] : service_.replicas)
      if (core::is_live(other.phase) && other.launched && other.is_spot() &&
          other.offer.place == offer.place && other.phase != core::Phase::pending)
        ++state.replicas_in_zone;
    state.took_lately = took_lately(recorder_.model().zones, offer.place, recorder_.now());
    if (const auto block = block_on(recorder_.model().zones, offer, recorder_.now())) {
      state.is_blocked = true;
      state.block_text = core::to_text(block->kind);
      earliest_ = std::min(earliest_.value_or(block->until), block->until);
    }
    return state;
  }

  void launch(const core::Offer& offer, const core::PlacementChosen& placement) {
    const core::ServiceName name = service_.name;
    const core::ReplicaId id = replica_.id;
    const core::LaunchIntended intent{
        .attempt = replica_.attempt + 1,
        .offer = offer,
        .paid_overflow = replica_.pool == Pool::base && offer.is_paid()};
    const core::Seq placed = recorder_.record({name, id, replica_.last_cause}, placement);
    recorder_.record({name, id, placed}, intent);
    recorder_.order(
        launch_call(recorder_.model(), *recorder_.service(name), *recorder_.replica(name, id)));
  }

  void wait(const core::PlacementChosen& placement) {
    if (earliest_) recorder_.wake(service_.name, *earliest_);
    if (replica_.reason == placement.reason) return;  // said already
    recorder_.record({service_.name, replica_.id, replica_.last_cause}, placement);
  }

  Recorder& recorder_;
  const ServiceState& service_;
  const Replica& replica_;
  const VersionState& version_;
  std::vector<core::OfferState> offers_;
  std::optional<core::Instant> earliest_;
};

}  // namespace

void decide_launches(Recorder& recorder, const core::ServiceName& name) {
  for (const core::ReplicaId id : replica_ids(*recorder.service(name))) {
    const Replica* replica = recorder.replica(name, id);
    if (!replica || replica->phase != core::Phase::pending) continue;
    Placer(recorder, *recorder.service(name), *replica).place();
  }
}

}  // namespace sky::projections
