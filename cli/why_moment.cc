#include "cli/why_moment.h"

#include <algorithm>

#include "core/replica_health.h"
#include "projections/placement_question.h"

namespace sky::cli {
namespace {

using core::Phase;
using projections::Model;
using projections::Replica;
using projections::ServiceState;

core::BlockKey key_of(const core::ZoneBlocked& block) {
  return {block.place, block.instance_type, block.market};
}

bool is_settled(const Replica& replica) {
  if (replica.termination_open) return false;
  return replica.phase == Phase::ready || core::is_terminal(replica.phase);
}

PendingReplica pending_of(const Model& model, const ServiceState& service, const Replica& replica,
                          core::Instant now) {
  PendingReplica pending;
  pending.retry_at = replica.retry_at;
  const auto version = service.versions.find(replica.version);
  if (version == service.versions.end()) return pending;
  if (replica.phase == Phase::pending)
    pending.first_open = projections::PlacementQuestion(model, service, replica, now).earliest();
  if (const auto end = core::given_up({.phase = replica.phase,
                                       .provisioned = replica.provisioned.value_or(core::Instant{}),
                                       .failing_since = replica.failing_since},
                                      version->second.spec.probe))
    pending.given_up = end->at;
  if (replica.phase == Phase::draining) pending.gone_by = replica.drain_deadline;
  return pending;
}

std::vector<BlockedPlace> blocked_of(const Model& model, const ServiceState& service,
                                     const MomentWitness& witness, core::Instant now) {
  std::vector<BlockedPlace> blocked;
  const auto& offers = service.versions.at(service.version).offers;
  for (const auto& [key, record] : model.zones.blocks) {
    const bool is_ours = std::any_of(offers.begin(), offers.end(),
                                     [&](const core::Offer& offer) { return key.covers(offer); });
    if (record.until <= now || !is_ours) continue;
    BlockedPlace place{key, record, {}, {}};
    if (const core::Event* event = witness.block(key)) {
      place.seq = event->seq;
      place.provider_text = std::get<core::ZoneBlocked>(event->body).failure.text;
    }
    blocked.push_back(std::move(place));
  }
  return blocked;
}

}  // namespace

void MomentWitness::add(const core::Event& event) {
  if (std::holds_alternative<core::RequestsHeld>(event.body)) holds_[event.service] = event;
  const auto* block = std::get_if<core::ZoneBlocked>(&event.body);
  if (!block) return;
  if (blocks_.size() >= projections::max_blocks && !blocks_.contains(key_of(*block)))
    blocks_.erase(std::min_element(blocks_.begin(), blocks_.end(),
                                   [](auto& a, auto& b) { return a.second.seq < b.second.seq; }));
  blocks_[key_of(*block)] = event;
}

const core::Event* MomentWitness::block(const core::BlockKey& key) const {
  const auto found = blocks_.find(key);
  return found == blocks_.end() ? nullptr : &found->second;
}

const core::Event* MomentWitness::hold(const core::ServiceName& service) const {
  const auto found = holds_.find(service);
  return found == holds_.end() ? nullptr : &found->second;
}

std::optional<MomentReport> report_moment(const Model& model, const core::Stamp& now,
                                          const MomentWitness& witness,
                                          const core::ServiceName& name, core::ReplicaId replica) {
  const ServiceState* found = projections::find_service(model, name);
  if (!found) return {};
  const ServiceState& service = *found;
  const projections::StatusView status = projections::status_view(model, now, name);
  MomentReport report;
  report.now = now;
  report.after = model.seq;
  report.service = status.services.front();
  report.replica = replica;
  for (const projections::ReplicaRow& row : status.replicas) {
    const Replica& one = service.replicas.at(row.id);
    if (replica ? row.id != replica : is_settled(one)) continue;
    PendingReplica pending = pending_of(model, service, one, now.at);
    pending.row = row;
    report.pending.push_back(std::move(pending));
  }
  report.fleet = projections::fleet_view(model.zones, service, now.at);
  report.blocked = blocked_of(model, service, witness, now.at);
  report.evaluation = service.last_evaluation;
  report.evaluation_seq = service.evaluation_seq;
  report.otherwise = projections::scale_otherwise(
      service, now.at, projections::standing_evaluation(service, now.at));
  const core::Event* hold = witness.hold(name);
  if (report.service.held > 0 && hold) report.held_seq = hold->seq;
  return report;
}

}  // namespace sky::cli
