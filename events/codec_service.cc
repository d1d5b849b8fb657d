// Wire form and core value: events about the control plane, services and scaling.
#include "events/wire.h"

namespace sky::events {

void write(wire::DaemonStarted::Builder to, const core::DaemonStarted& from) {
  const auto& [log_id, version, epoch] = from;
  to.setLogId(as_text(log_id));
  to.setVersion(as_text(version));
  to.setEpoch(epoch);
}

void read(wire::DaemonStarted::Reader from, core::DaemonStarted& to) {
  assign(to.log_id, from.getLogId());
  assign(to.version, from.getVersion());
  to.epoch = from.getEpoch();
}

void write(wire::DaemonStopped::Builder to, const core::DaemonStopped& from) {
  const auto& [reason] = from;
  to.setReason(as_text(reason));
}

void read(wire::DaemonStopped::Reader from, core::DaemonStopped& to) {
  assign(to.reason, from.getReason());
}

void write(wire::LogRepaired::Builder to, const core::LogRepaired& from) {
  const auto& [last_kept, acknowledged] = from;
  to.setLastKept(last_kept.value);
  to.setAcknowledged(acknowledged.value);
}

void read(wire::LogRepaired::Reader from, core::LogRepaired& to) {
  to.last_kept = core::Seq{from.getLastKept()};
  to.acknowledged = core::Seq{from.getAcknowledged()};
}

void write(wire::LogTruncated::Builder to, const core::LogTruncated& from) {
  const auto& [first_kept, snapshot, reason] = from;
  to.setFirstKept(first_kept.value);
  to.setSnapshot(snapshot.value);
  to.setReason(as_text(reason));
}

void read(wire::LogTruncated::Reader from, core::LogTruncated& to) {
  to.first_kept = core::Seq{from.getFirstKept()};
  to.snapshot = core::Seq{from.getSnapshot()};
  assign(to.reason, from.getReason());
}

void write(wire::SnapshotTaken::Builder to, const core::SnapshotTaken& from) {
  const auto& [of, state_hash, bytes] = from;
  to.setOf(of.value);
  to.setStateHash(state_hash);
  to.setBytes(bytes);
}

void read(wire::SnapshotTaken::Reader from, core::SnapshotTaken& to) {
  to.of = core::Seq{from.getOf()};
  to.state_hash = from.getStateHash();
  to.bytes = from.getBytes();
}

void write(wire::SnapshotRejected::Builder to, const core::SnapshotRejected& from) {
  const auto& [of, reason] = from;
  to.setOf(of.value);
  to.setReason(as_text(reason));
}

void read(wire::SnapshotRejected::Reader from, core::SnapshotRejected& to) {
  to.of = core::Seq{from.getOf()};
  assign(to.reason, from.getReason());
}

void write(wire::CommandReceived::Builder to, const core::CommandReceived& from) {
  const auto& [command, user, detail, request] = from;
  to.setCommand(as_text(command));
  to.setUser(as_text(user));
  to.setDetail(as_text(detail));
  if (!request.empty()) to.setRequest(as_text(request));
}

void read(wire::CommandReceived::Reader from, core::CommandReceived& to) {
  assign(to.command, from.getCommand());
  assign(to.user, from.getUser());
  assign(to.detail, from.getDetail());
  assign(to.request, from.getRequest());
}

void write(wire::BalancerConnected::Builder to, const core::BalancerConnected& from) {
  const auto& [pid] = from;
  to.setPid(pid);
}

void read(wire::BalancerConnected::Reader from, core::BalancerConnected& to) {
  to.pid = from.getPid();
}

void write(wire::BalancerLost::Builder to, const core::BalancerLost& from) {
  const auto& [reason] = from;
  to.setReason(as_text(reason));
}

void read(wire::BalancerLost::Reader from, core::BalancerLost& to) {
  assign(to.reason, from.getReason());
}

void write(wire::ServiceRegistered::Builder to, const core::ServiceRegistered& from) {
  const auto& [spec, offers, endpoint_port] = from;
  write(to.initSpec(), spec);
  write_list(to.initOffers(count(offers)), offers);
  to.setEndpointPort(endpoint_port);
}

void read(wire::ServiceRegistered::Reader from, core::ServiceRegistered& to) {
  read(from.getSpec(), to.spec);
  read_list(from.getOffers(), to.offers);
  to.endpoint_port = from.getEndpointPort();
}

void write(wire::ServiceUpdated::Builder to, const core::ServiceUpdated& from) {
  const auto& [spec, offers, version, mode, replaces_replicas] = from;
  write(to.initSpec(), spec);
  write_list(to.initOffers(count(offers)), offers);
  to.setVersion(version.value);
  to.setMode(to_wire<wire::UpdateMode>(mode));
  to.setReplacesReplicas(replaces_replicas);
}

void read(wire::ServiceUpdated::Reader from, core::ServiceUpdated& to) {
  read(from.getSpec(), to.spec);
  read_list(from.getOffers(), to.offers);
  to.version = core::Version{from.getVersion()};
  to.mode = known(from.getMode(), core::UpdateMode::blue_green);
  to.replaces_replicas = from.getReplacesReplicas();
}

void write(wire::VersionRolledBack::Builder to, const core::VersionRolledBack& from) {
  const auto& [failed, restored, reason, balancer, target_qps_per_accelerator] = from;
  to.setFailed(failed.value);
  to.setRestored(restored.value);
  to.setReason(as_text(reason));
  write(to.initBalancer(), balancer);
  write_rates(to.initTargetQpsPerAccelerator(count(target_qps_per_accelerator)),
              target_qps_per_accelerator);
}

void read(wire::VersionRolledBack::Reader from, core::VersionRolledBack& to) {
  to.failed = core::Version{from.getFailed()};
  to.restored = core::Version{from.getRestored()};
  assign(to.reason, from.getReason());
  read(from.getBalancer(), to.balancer);
  read_rates(from.getTargetQpsPerAccelerator(), to.target_qps_per_accelerator);
}

void write(wire::EndpointAssigned::Builder to, const core::EndpointAssigned& from) {
  const auto& [port, reason] = from;
  to.setPort(port);
  to.setReason(as_text(reason));
}

void read(wire::EndpointAssigned::Reader from, core::EndpointAssigned& to) {
  to.port = from.getPort();
  assign(to.reason, from.getReason());
}

void write(wire::EndpointOpened::Builder to, const core::EndpointOpened& from) {
  const auto& [host, port] = from;
  to.setHost(as_text(host));
  to.setPort(port);
}

void read(wire::EndpointOpened::Reader from, core::EndpointOpened& to) {
  assign(to.host, from.getHost());
  to.port = from.getPort();
}

void write(wire::EndpointFailed::Builder to, const core::EndpointFailed& from) {
  const auto& [port, text] = from;
  to.setPort(port);
  to.setText(as_text(text));
}

void read(wire::EndpointFailed::Reader from, core::EndpointFailed& to) {
  to.port = from.getPort();
  assign(to.text, from.getText());
}

void write(wire::ScaleEvaluated::Builder to, const core::ScaleEvaluated& from) {
  const auto& [policy, window, rate, in_flight, held, wanted, lower_limit, upper_limit,
               target_before, target_after, votes, votes_needed, delay, verdict, reason] = from;
  to.setPolicy(as_text(policy));
  to.setWindowUs(window.count());
  to.setRateMilliRps(rate.value);
  to.setInFlight(in_flight);
  to.setHeld(held);
  to.setWanted(wanted);
  to.setLowerLimit(lower_limit);
  to.setUpperLimit(upper_limit);
  to.setTargetBefore(target_before);
  to.setTargetAfter(target_after);
  to.setVotes(votes);
  to.setVotesNeeded(votes_needed);
  to.setDelayUs(delay.count());
  to.setVerdict(to_wire<wire::ScaleVerdict>(verdict));
  to.setReason(as_text(reason));
}

void read(wire::ScaleEvaluated::Reader from, core::ScaleEvaluated& to) {
  assign(to.policy, from.getPolicy());
  to.window = core::Duration(from.getWindowUs());
  to.rate = core::MilliRps{from.getRateMilliRps()};
  to.in_flight = from.getInFlight();
  to.held = from.getHeld();
  to.wanted = from.getWanted();
  to.lower_limit = from.getLowerLimit();
  to.upper_limit = from.getUpperLimit();
  to.target_before = from.getTargetBefore();
  to.target_after = from.getTargetAfter();
  to.votes = from.getVotes();
  to.votes_needed = from.getVotesNeeded();
  to.delay = core::Duration(from.getDelayUs());
  to.verdict = known(from.getVerdict(), core::ScaleVerdict::settled);
  assign(to.reason, from.getReason());
}

}  // namespace sky::events
