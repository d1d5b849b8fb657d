#include "cli/model_snapshot_replica.h"

namespace sky::cli {
namespace {

using events::as_text;
using events::known;
using events::to_wire;

}  // namespace

// Unpacked by a structured binding: a member added to the replica must find its place here.
void write(wire::Replica::Builder to, const projections::Replica& from) {
  const auto& [id, version, pool, phase, phase_since, reason, planned, launched, first_ready,
               attempt, intent, attempted, offer, paid_overflow, instance_id, host, port,
               last_cause, last_http_status, last_probe, failing_since, notice_deadline,
               drain_deadline, drained, ejected, final_phase, termination_attempts, in_flight,
               billed_since, cost, cost_on_demand, provisioned, launch_open, termination_open,
               same_calls, retry_at, unready_launches] = from;
  to.setId(id.value);
  to.setVersion(version.value);
  to.setPool(to_wire<events::wire::Pool>(pool));
  to.setPhase(to_wire<events::wire::Phase>(phase));
  write(to.initPhaseSince(), phase_since);
  to.setReason(as_text(reason));
  write(to.initPlanned(), planned);
  if (launched) write(to.initLaunched(), *launched);
  if (first_ready) write(to.initFirstReady(), *first_ready);
  to.setAttempt(attempt);
  to.setIntent(intent.value);
  to.setAttemptedUs(us(attempted));
  events::write(to.initOffer(), offer);
  to.setPaidOverflow(paid_overflow);
  to.setInstanceId(as_text(instance_id));
  to.setHost(as_text(host));
  to.setPort(port);
  to.setLastCause(last_cause.value);
  to.setLastHttpStatus(last_http_status);
  if (last_probe) to.initLastProbe().setUs(us(*last_probe));
  if (failing_since) to.initFailingSince().setUs(us(*failing_since));
  if (notice_deadline) to.initNoticeDeadline().setUs(us(*notice_deadline));
  if (drain_deadline) to.initDrainDeadline().setUs(us(*drain_deadline));
  to.setDrained(drained);
  to.setEjected(ejected);
  to.setFinalPhase(to_wire<events::wire::Phase>(final_phase));
  to.setTerminationAttempts(termination_attempts);
  to.setInFlight(in_flight);
  if (billed_since) to.initBilledSince().setUs(us(*billed_since));
  to.setCostNanoUsd(cost.nano_usd);
  to.setCostOnDemandNanoUsd(cost_on_demand.nano_usd);
  if (provisioned) to.initProvisioned().setUs(us(*provisioned));
  to.setLaunchOpen(launch_open);
  to.setTerminationOpen(termination_open);
  to.setSameCalls(same_calls);
  if (retry_at) to.initRetryAt().setUs(us(*retry_at));
  to.setUnreadyLaunches(unready_launches);
}

void read(wire::Replica::Reader from, projections::Replica& to) {
  to.id = core::ReplicaId{from.getId()};
  to.version = core::Version{from.getVersion()};
  to.pool = known(from.getPool(), core::Pool::fallback);
  to.phase = known(from.getPhase(), core::Phase::terminated);
  to.phase_since = stamp(from.getPhaseSince());
  events::assign(to.reason, from.getReason());
  to.planned = stamp(from.getPlanned());
  if (from.hasLaunched()) to.launched = stamp(from.getLaunched());
  if (from.hasFirstReady()) to.first_ready = stamp(from.getFirstReady());
  to.attempt = from.getAttempt();
  to.intent = core::Seq{from.getIntent()};
  to.attempted = instant(from.getAttemptedUs());
  events::read(from.getOffer(), to.offer);
  to.paid_overflow = from.getPaidOverflow();
  events::assign(to.instance_id, from.getInstanceId());
  events::assign(to.host, from.getHost());
  to.port = from.getPort();
  to.last_cause = core::Seq{from.getLastCause()};
  to.last_http_status = from.getLastHttpStatus();
  if (from.hasLastProbe()) to.last_probe = instant(from.getLastProbe().getUs());
  if (from.hasFailingSince()) to.failing_since = instant(from.getFailingSince().getUs());
  if (from.hasNoticeDeadline()) to.notice_deadline = instant(from.getNoticeDeadline().getUs());
  if (from.hasDrainDeadline()) to.drain_deadline = instant(from.getDrainDeadline().getUs());
  to.drained = from.getDrained();
  to.ejected = from.getEjected();
  to.final_phase = known(from.getFinalPhase(), core::Phase::terminated);
  to.termination_attempts = from.getTerminationAttempts();
  to.in_flight = from.getInFlight();
  if (from.hasBilledSince()) to.billed_since = instant(from.getBilledSince().getUs());
  to.cost = {from.getCostNanoUsd()};
  to.cost_on_demand = {from.getCostOnDemandNanoUsd()};
  if (from.hasProvisioned()) to.provisioned = instant(from.getProvisioned().getUs());
  to.launch_open = from.getLaunchOpen();
  to.termination_open = from.getTerminationOpen();
  to.same_calls = from.getSameCalls();
  if (from.hasRetryAt()) to.retry_at = instant(from.getRetryAt().getUs());
  to.unready_launches = from.getUnreadyLaunches();
}

}  // namespace sky::cli
