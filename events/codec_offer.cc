// Wire form and core value: places, offers, failures, and the events about choosing among them.
#include "events/wire.h"

namespace sky::events {

void write(wire::Place::Builder to, const core::Place& from) {
  const auto& [cloud, region, zone] = from;
  to.setCloud(as_text(cloud));
  to.setRegion(as_text(region));
  to.setZone(as_text(zone));
}

void read(wire::Place::Reader from, core::Place& to) {
  assign(to.cloud, from.getCloud());
  assign(to.region, from.getRegion());
  assign(to.zone, from.getZone());
}

void write(wire::Accelerator::Builder to, const core::Accelerator& from) {
  const auto& [name, count] = from;
  to.setName(as_text(name));
  to.setCount(count);
}

void read(wire::Accelerator::Reader from, core::Accelerator& to) {
  assign(to.name, from.getName());
  to.count = from.getCount();
}

void write(wire::Offer::Builder to, const core::Offer& from) {
  const auto& [place, instance_type, market, accelerator, vcpus, memory_mib, price,
               on_demand_price] = from;
  write(to.initPlace(), place);
  to.setInstanceType(as_text(instance_type));
  to.setMarket(to_wire<wire::Market>(market));
  write(to.initAccelerator(), accelerator);
  to.setVcpus(vcpus);
  to.setMemoryMib(memory_mib);
  to.setPriceMicroUsd(price.micro_usd_per_hour);
  to.setOnDemandPriceMicroUsd(on_demand_price.micro_usd_per_hour);
}

void read(wire::Offer::Reader from, core::Offer& to) {
  read(from.getPlace(), to.place);
  assign(to.instance_type, from.getInstanceType());
  to.market = known(from.getMarket(), core::Market::spot);
  read(from.getAccelerator(), to.accelerator);
  to.vcpus = from.getVcpus();
  to.memory_mib = from.getMemoryMib();
  to.price = core::Price{from.getPriceMicroUsd()};
  to.on_demand_price = core::Price{from.getOnDemandPriceMicroUsd()};
}

void write(wire::Failure::Builder to, const core::Failure& from) {
  const auto& [kind, scope, text, retry_after] = from;
  to.setKind(to_wire<wire::FailureKind>(kind));
  to.setScope(to_wire<wire::FailureScope>(scope));
  to.setText(as_text(text));
  to.setRetryAfterUs(retry_after.count());
}

void read(wire::Failure::Reader from, core::Failure& to) {
  to.kind = known(from.getKind(), core::FailureKind::indeterminate);
  to.scope = known(from.getScope(), core::FailureScope::account);
  assign(to.text, from.getText());
  to.retry_after = core::Duration(from.getRetryAfterUs());
}

void write(wire::Candidate::Builder to, const core::Candidate& from) {
  const auto& [offer, score, note, chosen, up, hazard_micro] = from;
  write(to.initOffer(), offer);
  to.setScore(score);
  to.setNote(as_text(note));
  to.setChosen(chosen);
  to.setUpUs(up.count());
  to.setHazardMicro(hazard_micro);
}

void read(wire::Candidate::Reader from, core::Candidate& to) {
  read(from.getOffer(), to.offer);
  to.score = from.getScore();
  assign(to.note, from.getNote());
  to.chosen = from.getChosen();
  to.up = core::Duration(from.getUpUs());
  to.hazard_micro = from.getHazardMicro();
}

void write(wire::PlacementChosen::Builder to, const core::PlacementChosen& from) {
  const auto& [policy, candidates, reason, plan_cost, plan_risk] = from;
  to.setPolicy(as_text(policy));
  write_list(to.initCandidates(count(candidates)), candidates);
  to.setReason(as_text(reason));
  to.setPlanCost(plan_cost);
  to.setPlanRisk(plan_risk);
}

void read(wire::PlacementChosen::Reader from, core::PlacementChosen& to) {
  assign(to.policy, from.getPolicy());
  read_list(from.getCandidates(), to.candidates);
  assign(to.reason, from.getReason());
  to.plan_cost = from.getPlanCost();
  to.plan_risk = from.getPlanRisk();
}

void write(wire::ZoneBlocked::Builder to, const core::ZoneBlocked& from) {
  const auto& [place, instance_type, market, failure, until] = from;
  write(to.initPlace(), place);
  to.setInstanceType(as_text(instance_type));
  to.setMarket(to_wire<wire::Market>(market));
  write(to.initFailure(), failure);
  to.setUntilUs(until.time_since_epoch().count());
}

void read(wire::ZoneBlocked::Reader from, core::ZoneBlocked& to) {
  read(from.getPlace(), to.place);
  assign(to.instance_type, from.getInstanceType());
  to.market = known(from.getMarket(), core::Market::spot);
  read(from.getFailure(), to.failure);
  to.until = core::Instant(core::Duration(from.getUntilUs()));
}

void write(wire::ZoneCleared::Builder to, const core::ZoneCleared& from) {
  const auto& [place, instance_type, market, reason] = from;
  write(to.initPlace(), place);
  to.setInstanceType(as_text(instance_type));
  to.setMarket(to_wire<wire::Market>(market));
  to.setReason(as_text(reason));
}

void read(wire::ZoneCleared::Reader from, core::ZoneCleared& to) {
  read(from.getPlace(), to.place);
  assign(to.instance_type, from.getInstanceType());
  to.market = known(from.getMarket(), core::Market::spot);
  assign(to.reason, from.getReason());
}

}  // namespace sky::events
