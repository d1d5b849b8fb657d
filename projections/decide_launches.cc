#include "projections/decide.h"
#include "projections/market_question.h"
#include "projections/open_intents.h"
#include "projections/placement_question.h"

namespace sky::projections {
namespace {

using core::Pool;

class Placer {
 public:
  Placer(Recorder& recorder, const ServiceState& service, const Replica& replica)
      : recorder_(recorder),
        service_(service),
        replica_(replica),
        question_(recorder.model(), service, replica, recorder.now()) {}

  void place() {
    const bool is_current = replica_.version == service_.version;
    if (is_current && replica_.pool == Pool::burst && plans_fleet(service_.spec()))
      return place_by_plan();
    const core::PlacementChosen placement = question_.answer();
    const core::Offer* offer = core::chosen_offer(placement);
    if (offer)
      launch(*offer, placement);
    else
      wait(placement);
  }

 private:
  void place_by_plan() {
    if (!service_.planned.value) return;  // it is being removed
    MarketFleet& fleet = *recorder_.notes().services.at(service_.name).planned.value;
    const auto share = next_share(fleet);
    const core::PlacementChosen placement =
        market_placement(service_.spec().replicas.market, fleet, share);
    if (!share) return wait(placement);
    ++fleet.shares[*share].held;
    launch(fleet.shares[*share].offer, placement);
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
    if (const auto earliest = question_.earliest()) recorder_.wake(service_.name, *earliest);
    if (replica_.reason == placement.reason) return;  // said already
    recorder_.record({service_.name, replica_.id, replica_.last_cause}, placement);
  }

  Recorder& recorder_;
  const ServiceState& service_;
  const Replica& replica_;
  PlacementQuestion question_;
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
