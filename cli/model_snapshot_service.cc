#include "cli/model_snapshot_service.h"

#include <algorithm>

#include "cli/model_snapshot_replica.h"

namespace sky::cli {
namespace {

using events::as_text;
using events::count;
using events::known;
using events::to_wire;

void write(wire::Version::Builder to, core::Version number, const projections::VersionState& from) {
  const auto& [spec, offers, since, ever_ready, rolled_back, failures, unreplaced, retry_at,
               failure_seq, failure_text, cold_start] = from;
  to.setVersion(number.value);
  events::write(to.initSpec(), spec);
  events::write_list(to.initOffers(count(offers)), offers);
  to.setSinceUs(us(since));
  to.setEverReady(ever_ready);
  to.setRolledBack(rolled_back);
  to.setFailures(failures);
  to.setUnreplaced(unreplaced);
  to.setRetryAtUs(us(retry_at));
  to.setFailureSeq(failure_seq.value);
  to.setFailureText(as_text(failure_text));
  to.setHasColdStart(cold_start.has_value());
  if (cold_start) to.setColdStartUs(cold_start->count());
}

void read(wire::Version::Reader from, projections::VersionState& to) {
  events::read(from.getSpec(), to.spec);
  events::read_list(from.getOffers(), to.offers);
  to.since = instant(from.getSinceUs());
  to.ever_ready = from.getEverReady();
  to.rolled_back = from.getRolledBack();
  to.failures = from.getFailures();
  to.unreplaced = from.getUnreplaced();
  to.retry_at = instant(from.getRetryAtUs());
  to.failure_seq = core::Seq{from.getFailureSeq()};
  events::assign(to.failure_text, from.getFailureText());
  if (from.getHasColdStart()) to.cold_start = core::Duration(from.getColdStartUs());
}

void write(wire::SloDebt::Builder to, const core::SloDebt& from) {
  const auto& [debt, since, is_short] = from;
  to.setDebtUs(debt.count());
  if (since) to.initSince().setUs(us(*since));
  to.setIsShort(is_short);
}

void read(wire::SloDebt::Reader from, core::SloDebt& to) {
  to.debt = core::Duration(from.getDebtUs());
  if (from.hasSince()) to.since = instant(from.getSince().getUs());
  to.is_short = from.getIsShort();
}

void write(wire::Load::Builder to, const projections::LoadHistory& from) {
  const auto& [seconds, blind_from, blind_to, newest] = from;
  auto list = to.initSeconds(count(seconds));
  unsigned index = 0;
  for (const auto& [second, arrivals, in_flight, held] : seconds) {
    auto entry = list[index++];
    entry.setSecond(second);
    entry.setArrivals(arrivals);
    entry.setInFlight(in_flight);
    entry.setHeld(held);
  }
  to.setBlindFrom(blind_from);
  to.setBlindTo(blind_to);
  to.setNewest(newest.value);
}

void read(wire::Load::Reader from, projections::LoadHistory& to) {
  for (const auto entry : from.getSeconds())
    to.seconds.push_back(
        {entry.getSecond(), entry.getArrivals(), entry.getInFlight(), entry.getHeld()});
  to.blind_from = from.getBlindFrom();
  to.blind_to = from.getBlindTo();
  to.newest = core::Seq{from.getNewest()};
}

}  // namespace

// Unpacked by a structured binding: a member added to the state does not compile until it is here.
void write(wire::Service::Builder to, const projections::ServiceState& from) {
  const auto& [name, registered, version, versions, replicas, last_replica_id, endpoint_port,
               endpoint_host, endpoint, endpoint_error, first_ready, target, last_evaluation,
               removal_requested, removal_since, last_version, update_mode, evaluated_version,
               target_since, evaluation_seq, fleet_cause, port_changes, load, ledger, preempting,
               slo, route, wake_at, planned] = from;
  static_cast<void>(wake_at);  // step's notes
  static_cast<void>(planned);
  to.setName(as_text(name));
  write(to.initRegistered(), registered);
  to.setVersion(version.value);
  auto version_list = to.initVersions(count(versions));
  unsigned index = 0;
  for (const auto& [number, state] : versions) write(version_list[index++], number, state);
  auto replica_list = to.initReplicas(count(replicas));
  index = 0;
  for (const auto& [id, replica] : replicas) write(replica_list[index++], replica);
  to.setLastReplicaId(last_replica_id);
  to.setEndpointPort(endpoint_port);
  to.setEndpointHost(as_text(endpoint_host));
  to.setEndpoint(static_cast<std::uint8_t>(endpoint));
  to.setEndpointError(as_text(endpoint_error));
  if (first_ready) write(to.initFirstReady(), *first_ready);
  to.setTarget(target);
  events::write(to.initLastEvaluation(), last_evaluation);
  to.setRemovalRequested(removal_requested);
  to.setRemovalSinceUs(us(removal_since));
  to.setLastVersion(last_version.value);
  to.setUpdateMode(to_wire<events::wire::UpdateMode>(update_mode));
  to.setEvaluatedVersion(evaluated_version.value);
  to.setTargetSinceUs(us(target_since));
  to.setEvaluationSeq(evaluation_seq.value);
  to.setFleetCause(fleet_cause.value);
  to.setPortChanges(port_changes);
  write(to.initLoad(), load);
  to.setSpentNanoUsd(ledger.spent.nano_usd);
  to.setAllOnDemandNanoUsd(ledger.all_on_demand.nano_usd);
  events::write_list(to.initPreempting(count(preempting)), preempting);
  write(to.initSlo(), slo);
  events::write(to.initRoute(), route);
}

void read(wire::Service::Reader from, projections::ServiceState& to) {
  events::assign(to.name, from.getName());
  to.registered = stamp(from.getRegistered());
  to.version = core::Version{from.getVersion()};
  for (const auto entry : from.getVersions())
    read(entry, to.versions[core::Version{entry.getVersion()}]);
  for (const auto entry : from.getReplicas())
    read(entry, to.replicas[core::ReplicaId{entry.getId()}]);
  to.last_replica_id = from.getLastReplicaId();
  to.endpoint_port = from.getEndpointPort();
  events::assign(to.endpoint_host, from.getEndpointHost());
  constexpr auto last_state = static_cast<std::uint8_t>(projections::EndpointState::failed);
  to.endpoint = static_cast<projections::EndpointState>(std::min(from.getEndpoint(), last_state));
  events::assign(to.endpoint_error, from.getEndpointError());
  if (from.hasFirstReady()) to.first_ready = stamp(from.getFirstReady());
  to.target = from.getTarget();
  events::read(from.getLastEvaluation(), to.last_evaluation);
  to.removal_requested = from.getRemovalRequested();
  to.removal_since = instant(from.getRemovalSinceUs());
  to.last_version = core::Version{from.getLastVersion()};
  to.update_mode = known(from.getUpdateMode(), core::UpdateMode::blue_green);
  to.evaluated_version = core::Version{from.getEvaluatedVersion()};
  to.target_since = instant(from.getTargetSinceUs());
  to.evaluation_seq = core::Seq{from.getEvaluationSeq()};
  to.fleet_cause = core::Seq{from.getFleetCause()};
  to.port_changes = from.getPortChanges();
  read(from.getLoad(), to.load);
  to.ledger = {{from.getSpentNanoUsd()}, {from.getAllOnDemandNanoUsd()}};
  for (const auto entry : from.getPreempting()) {
    core::Place place;
    events::read(entry, place);
    to.preempting.insert(std::move(place));
  }
  read(from.getSlo(), to.slo);
  events::read(from.getRoute(), to.route);
}

}  // namespace sky::cli
