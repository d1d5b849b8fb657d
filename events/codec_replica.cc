// Wire form and core value: events in the life of a replica.
#include "events/wire.h"

namespace sky::events {

void write(wire::ReplicaPlanned::Builder to, const core::ReplicaPlanned& from) {
  const auto& [version, pool, reason] = from;
  to.setVersion(version.value);
  to.setPool(to_wire<wire::Pool>(pool));
  to.setReason(as_text(reason));
}

void read(wire::ReplicaPlanned::Reader from, core::ReplicaPlanned& to) {
  to.version = core::Version{from.getVersion()};
  to.pool = known(from.getPool(), core::Pool::fallback);
  assign(to.reason, from.getReason());
}

void write(wire::LaunchIntended::Builder to, const core::LaunchIntended& from) {
  const auto& [attempt, offer, paid_overflow] = from;
  to.setAttempt(attempt);
  write(to.initOffer(), offer);
  to.setPaidOverflow(paid_overflow);
}

void read(wire::LaunchIntended::Reader from, core::LaunchIntended& to) {
  to.attempt = from.getAttempt();
  read(from.getOffer(), to.offer);
  to.paid_overflow = from.getPaidOverflow();
}

void write(wire::ProvisionSucceeded::Builder to, const core::ProvisionSucceeded& from) {
  const auto& [attempt, instance_id, host, port] = from;
  to.setAttempt(attempt);
  to.setInstanceId(as_text(instance_id));
  to.setHost(as_text(host));
  to.setPort(port);
}

void read(wire::ProvisionSucceeded::Reader from, core::ProvisionSucceeded& to) {
  to.attempt = from.getAttempt();
  assign(to.instance_id, from.getInstanceId());
  assign(to.host, from.getHost());
  to.port = from.getPort();
}

void write(wire::ProvisionFailed::Builder to, const core::ProvisionFailed& from) {
  const auto& [attempt, failure] = from;
  to.setAttempt(attempt);
  write(to.initFailure(), failure);
}

void read(wire::ProvisionFailed::Reader from, core::ProvisionFailed& to) {
  to.attempt = from.getAttempt();
  read(from.getFailure(), to.failure);
}

void write(wire::ProbeAnswered::Builder to, const core::ProbeAnswered& from) {
  const auto& [http_status, latency, error, ok] = from;
  to.setHttpStatus(http_status);
  to.setLatencyUs(latency.count());
  to.setError(as_text(error));
  to.setOk(ok);
}

void read(wire::ProbeAnswered::Reader from, core::ProbeAnswered& to) {
  to.http_status = from.getHttpStatus();
  to.latency = core::Duration(from.getLatencyUs());
  assign(to.error, from.getError());
  to.ok = from.getOk();
}

void write(wire::ReplicaBecameNotReady::Builder to, const core::ReplicaBecameNotReady& from) {
  const auto& [reason] = from;
  to.setReason(as_text(reason));
}

void read(wire::ReplicaBecameNotReady::Reader from, core::ReplicaBecameNotReady& to) {
  assign(to.reason, from.getReason());
}

void write(wire::DrainStarted::Builder to, const core::DrainStarted& from) {
  const auto& [reason, deadline] = from;
  to.setReason(to_wire<wire::DrainReason>(reason));
  to.setDeadlineUs(deadline.time_since_epoch().count());
}

void read(wire::DrainStarted::Reader from, core::DrainStarted& to) {
  to.reason = known(from.getReason(), core::DrainReason::failed);
  to.deadline = core::Instant(core::Duration(from.getDeadlineUs()));
}

void write(wire::TerminationIntended::Builder to, const core::TerminationIntended& from) {
  const auto& [final_phase, reason] = from;
  to.setFinalPhase(to_wire<wire::Phase>(final_phase));
  to.setReason(as_text(reason));
}

void read(wire::TerminationIntended::Reader from, core::TerminationIntended& to) {
  to.final_phase = known(from.getFinalPhase(), core::Phase::terminated);
  assign(to.reason, from.getReason());
}

void write(wire::TerminationFailed::Builder to, const core::TerminationFailed& from) {
  const auto& [failure] = from;
  write(to.initFailure(), failure);
}

void read(wire::TerminationFailed::Reader from, core::TerminationFailed& to) {
  read(from.getFailure(), to.failure);
}

void write(wire::ReplicaEnded::Builder to, const core::ReplicaEnded& from) {
  const auto& [final_phase, reason] = from;
  to.setFinalPhase(to_wire<wire::Phase>(final_phase));
  to.setReason(as_text(reason));
}

void read(wire::ReplicaEnded::Reader from, core::ReplicaEnded& to) {
  to.final_phase = known(from.getFinalPhase(), core::Phase::terminated);
  assign(to.reason, from.getReason());
}

void write(wire::PreemptionNoticed::Builder to, const core::PreemptionNoticed& from) {
  const auto& [deadline, text] = from;
  to.setDeadlineUs(deadline.time_since_epoch().count());
  to.setText(as_text(text));
}

void read(wire::PreemptionNoticed::Reader from, core::PreemptionNoticed& to) {
  to.deadline = core::Instant(core::Duration(from.getDeadlineUs()));
  assign(to.text, from.getText());
}

void write(wire::ReplicaPreempted::Builder to, const core::ReplicaPreempted& from) {
  const auto& [text] = from;
  to.setText(as_text(text));
}

void read(wire::ReplicaPreempted::Reader from, core::ReplicaPreempted& to) {
  assign(to.text, from.getText());
}

void write(wire::InstanceLost::Builder to, const core::InstanceLost& from) {
  const auto& [text, by_user_code] = from;
  to.setText(as_text(text));
  to.setByUserCode(by_user_code);
}

void read(wire::InstanceLost::Reader from, core::InstanceLost& to) {
  assign(to.text, from.getText());
  to.by_user_code = from.getByUserCode();
}

void write(wire::OrphanFound::Builder to, const core::OrphanFound& from) {
  const auto& [instance_id, place, sandbox] = from;
  to.setInstanceId(as_text(instance_id));
  write(to.initPlace(), place);
  to.setSandbox(sandbox);
}

void read(wire::OrphanFound::Reader from, core::OrphanFound& to) {
  assign(to.instance_id, from.getInstanceId());
  read(from.getPlace(), to.place);
  to.sandbox = from.getSandbox();
}

void write(wire::OrphanEnded::Builder to, const core::OrphanEnded& from) {
  const auto& [instance_id] = from;
  to.setInstanceId(as_text(instance_id));
}

void read(wire::OrphanEnded::Reader from, core::OrphanEnded& to) {
  assign(to.instance_id, from.getInstanceId());
}

}  // namespace sky::events
