// Everything that can happen, as past-tense facts. The log is a list of these and nothing else;
// all state is a fold over them.
//
// Adding one: a struct here, its place at the end of EventBody, a union member in
// events/event.capnp, two lines in events/codec, a sentence in projections/timeline.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/failure.h"
#include "core/ids.h"
#include "core/offer.h"
#include "core/phase.h"
#include "core/spec.h"
#include "core/time.h"

namespace sky::core {

// ---- the control plane itself

struct DaemonStarted {
  LogId log_id;
  std::string version;
  std::uint64_t epoch = 0;  // raised by one at every start: fences an older writer
  bool operator==(const DaemonStarted&) const = default;
};
struct DaemonStopped {
  std::string reason;
  bool operator==(const DaemonStopped&) const = default;
};
// The last group before a power cut was torn and left out; nothing acknowledged was in it. With
// `acknowledged`: a person accepted that events up to that one are lost (`skyctl log repair`).
struct LogRepaired {
  Seq last_kept;
  Seq acknowledged;  // zero: nothing acknowledged was lost
  bool operator==(const LogRepaired&) const = default;
};
struct CommandReceived {
  std::string command;  // "up", "update", "down", "preempt", "scale"
  std::string user;  // login name of the peer
  std::string detail;  // arguments, without secrets
  RequestId request = {};
  bool operator==(const CommandReceived&) const = default;
};
struct BalancerConnected {
  std::int64_t pid = 0;
  bool operator==(const BalancerConnected&) const = default;
};
struct BalancerLost {
  std::string reason;
  bool operator==(const BalancerLost&) const = default;
};

// ---- services

struct ServiceRegistered {
  ServiceSpec spec;  // version 1
  std::vector<Offer> offers;  // every offer that fits the spec, at today's prices
  std::uint16_t endpoint_port = 0;
  bool operator==(const ServiceRegistered&) const = default;
};
enum class UpdateMode : std::uint8_t { unknown, rolling, blue_green };
struct ServiceUpdated {
  ServiceSpec spec;
  std::vector<Offer> offers;
  Version version;
  UpdateMode mode = UpdateMode::rolling;
  bool replaces_replicas = true;  // false: only policies changed, running replicas serve on
  bool operator==(const ServiceUpdated&) const = default;
};
struct VersionRolledBack {
  Version failed;
  Version restored;
  std::string reason;
  LoadBalancerSpec balancer = {};  // of the restored version: a balancer keeps no old ones
  std::map<std::string, MilliRps> target_qps_per_accelerator = {};
  bool operator==(const VersionRolledBack&) const = default;
};
struct EndpointAssigned {  // the earlier port was taken by somebody else
  std::uint16_t port = 0;
  std::string reason;
  bool operator==(const EndpointAssigned&) const = default;
};
struct EndpointOpened {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const EndpointOpened&) const = default;
};
struct EndpointFailed {
  std::uint16_t port = 0;
  std::string text;
  bool operator==(const EndpointFailed&) const = default;
};
struct RemovalRequested {
  bool operator==(const RemovalRequested&) const = default;
};
struct ServiceRemoved {
  bool operator==(const ServiceRemoved&) const = default;
};

// ---- scaling

enum class ScaleVerdict : std::uint8_t {
  unknown,
  raised,
  lowered,
  waiting_to_raise,
  waiting_to_lower,
  settled
};
// Recorded when the target changed, and when a wait for a change began or ended.
struct ScaleEvaluated {
  std::string policy;  // "request_rate", "fixed", "instance_aware"
  Duration window{0};
  MilliRps rate;  // arrivals per second over the window
  std::uint32_t in_flight = 0;
  std::uint32_t held = 0;
  std::uint32_t wanted = 0;  // by the signal alone
  std::uint32_t lower_limit = 0;
  std::uint32_t upper_limit = 0;
  std::uint32_t target_before = 0;
  std::uint32_t target_after = 0;
  std::uint32_t votes = 0;  // evaluations within the delay that agree, in percent of those due
  std::uint32_t votes_needed = 0;
  Duration delay{0};
  ScaleVerdict verdict = ScaleVerdict::unknown;
  std::string reason;  // why not more, why now: one clause for people
  bool operator==(const ScaleEvaluated&) const = default;
};

// ---- placement and zones

struct Candidate {
  Offer offer;
  std::int64_t score = 0;  // smaller is better; what it means is in `note`
  std::string note;  // "in use", "blocked until ...", "cheapest", ...
  bool chosen = false;
  // What a policy that plans the whole fleet believed: both zero otherwise.
  Duration up{0};  // the zone has been up for so long, as far as we know
  std::int64_t hazard_micro = 0;  // expected losses of the zone an hour, 10^-6
  bool operator==(const Candidate&) const = default;
};
struct PlacementChosen {
  std::string policy;  // "base", "static_mixture", "spot_hedge", "hazard_hedge:availability=99.5"
  std::vector<Candidate> candidates;
  std::string reason;
  // Of the plan for the whole fleet, in 10^-6 hours of the cheapest spot replica an hour.
  std::int64_t plan_cost = 0;
  std::int64_t plan_risk = 0;
  bool operator==(const PlacementChosen&) const = default;
};
struct ZoneBlocked {
  Place place;
  std::string instance_type;  // empty: all
  Market market = Market::unknown;
  Failure failure;
  Instant until;
  bool operator==(const ZoneBlocked&) const = default;
};
struct ZoneCleared {
  Place place;
  std::string instance_type;
  Market market = Market::unknown;
  std::string reason;
  bool operator==(const ZoneCleared&) const = default;
};

// ---- replicas (the header names which one)

enum class Pool : std::uint8_t { unknown, base, burst, fallback };
struct ReplicaPlanned {  // a new row: PENDING
  Version version;
  Pool pool = Pool::unknown;
  std::string reason;
  bool operator==(const ReplicaPlanned&) const = default;
};
// Durable before the cloud is called. The token derives from (log id, this event's seq).
struct LaunchIntended {
  std::uint32_t attempt = 0;  // from 1; a failed attempt is followed by the next at another offer
  Offer offer;
  bool paid_overflow = false;  // a base replica on a billed machine
  bool operator==(const LaunchIntended&) const = default;
};
struct ProvisionSucceeded {
  std::uint32_t attempt = 0;
  std::string instance_id;
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const ProvisionSucceeded&) const = default;
};
struct ProvisionFailed {
  std::uint32_t attempt = 0;
  Failure failure;
  bool operator==(const ProvisionFailed&) const = default;
};
struct ReplicaStarted {  // setup is done, run has begun
  bool operator==(const ReplicaStarted&) const = default;
};
struct ProbeAnswered {
  std::int32_t http_status = 0;  // 0: no answer
  Duration latency{0};
  std::string error;  // empty when ok
  bool ok = false;
  bool operator==(const ProbeAnswered&) const = default;
};
struct ReplicaBecameReady {
  bool operator==(const ReplicaBecameReady&) const = default;
};
struct ReplicaBecameNotReady {
  std::string reason;
  bool operator==(const ReplicaBecameNotReady&) const = default;
};
enum class DrainReason : std::uint8_t {
  unknown,
  scale_down,
  preemption_notice,
  outdated,
  removal,
  spot_returned,
  failed
};
struct DrainStarted {
  DrainReason reason = DrainReason::unknown;
  Instant deadline;
  bool operator==(const DrainStarted&) const = default;
};
struct ReplicaDrained {  // the endpoint has no request on it any more
  bool operator==(const ReplicaDrained&) const = default;
};
// Durable before the cloud is asked to terminate. `final_phase` is where the replica ends up.
struct TerminationIntended {
  Phase final_phase = Phase::terminated;
  std::string reason;
  bool operator==(const TerminationIntended&) const = default;
};
struct TerminationSucceeded {
  bool operator==(const TerminationSucceeded&) const = default;
};
struct TerminationFailed {
  Failure failure;
  bool operator==(const TerminationFailed&) const = default;
};
// Nothing to terminate is left: no offer can ever launch it, or it ended before it had a machine.
struct ReplicaEnded {
  Phase final_phase = Phase::terminated;
  std::string reason;
  bool operator==(const ReplicaEnded&) const = default;
};
struct PreemptionNoticed {
  Instant deadline;  // the machine is gone then
  std::string text;  // the cloud's words
  bool operator==(const PreemptionNoticed&) const = default;
};
struct ReplicaPreempted {
  std::string text;
  bool operator==(const ReplicaPreempted&) const = default;
};
struct InstanceLost {  // gone without a notice, or its server ended
  std::string text;
  bool by_user_code = false;  // setup or run ended with an error
  bool operator==(const InstanceLost&) const = default;
};
struct OrphanFound {  // tagged ours, remembered by nobody: is terminated
  std::string instance_id;
  Place place;
  bool sandbox = false;  // in the sandbox's cloud of that name
  bool operator==(const OrphanFound&) const = default;
};
struct OrphanEnded {
  std::string instance_id;
  bool operator==(const OrphanEnded&) const = default;
};

// ---- load, as the endpoint saw it

struct ReplicaLoad {
  ReplicaId replica;
  std::uint32_t in_flight = 0;
  bool operator==(const ReplicaLoad&) const = default;
};
struct TrafficSampled {
  Duration period{0};  // the sample covers [event time - period, event time]
  std::uint32_t arrivals = 0;
  std::uint32_t completions = 0;
  std::uint32_t failures = 0;  // 5xx made by the endpoint, cut streams
  std::uint32_t retries = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t held = 0;
  Duration latency_p50{0};  // whole requests completed in the period; zero when none
  Duration latency_p90{0};
  Duration latency_p99{0};
  std::vector<ReplicaLoad> replicas;
  bool operator==(const TrafficSampled&) const = default;
};
struct ReplicaEjected {
  std::string reason;
  bool operator==(const ReplicaEjected&) const = default;
};
struct ReplicaReadmitted {
  bool operator==(const ReplicaReadmitted&) const = default;
};
struct RequestsHeld {  // the first request began to wait; the later ones are in the samples
  std::uint32_t waiting = 0;
  bool operator==(const RequestsHeld&) const = default;
};
struct RequestsShed {
  std::uint32_t count = 0;
  std::string reason;
  bool operator==(const RequestsShed&) const = default;
};

// ---- the log itself

// Events before `first_kept` are deleted; what they led to is in the snapshot.
struct LogTruncated {
  Seq first_kept;
  Seq snapshot;  // verified before anything was deleted
  std::string reason;
  bool operator==(const LogTruncated&) const = default;
};
struct SnapshotTaken {  // a start folds only what came after it
  Seq of;  // the newest event in it
  std::uint64_t state_hash = 0;
  std::uint64_t bytes = 0;
  bool operator==(const SnapshotTaken&) const = default;
};
struct SnapshotRejected {  // it did not verify and was not used
  Seq of;
  std::string reason;
  bool operator==(const SnapshotRejected&) const = default;
};

// Written by a newer version: shown, skipped by every fold.
struct UnknownEvent {
  std::uint16_t tag = 0;
  bool operator==(const UnknownEvent&) const = default;
};

using EventBody =
    std::variant<UnknownEvent, DaemonStarted, DaemonStopped, LogRepaired, CommandReceived,
                 BalancerConnected, BalancerLost, ServiceRegistered, ServiceUpdated,
                 VersionRolledBack, EndpointAssigned, EndpointOpened, EndpointFailed,
                 RemovalRequested, ServiceRemoved, ScaleEvaluated, PlacementChosen, ZoneBlocked,
                 ZoneCleared, ReplicaPlanned, LaunchIntended, ProvisionSucceeded, ProvisionFailed,
                 ReplicaStarted, ProbeAnswered, ReplicaBecameReady, ReplicaBecameNotReady,
                 DrainStarted, ReplicaDrained, TerminationIntended, TerminationSucceeded,
                 TerminationFailed, ReplicaEnded, PreemptionNoticed, ReplicaPreempted, InstanceLost,
                 OrphanFound, OrphanEnded, TrafficSampled, ReplicaEjected, ReplicaReadmitted,
                 RequestsHeld, RequestsShed, LogTruncated, SnapshotTaken, SnapshotRejected>;

enum class Actor : std::uint8_t { unknown, controller, user, cloud, probe, balancer, daemon };

struct Event {
  Seq seq;  // dense from 1
  Stamp time;
  Seq cause;  // the event that led to this one; zero: the outside world did
  Actor actor = Actor::unknown;
  ServiceName service;  // empty: about the control plane
  ReplicaId replica;  // zero: about no single replica
  EventBody body;
  bool operator==(const Event&) const = default;
};

// "ScaleEvaluated", "PreemptionNoticed": the name of the body's type, as `--type` takes it.
const char* type_name(const EventBody& body);
const char* to_text(Actor actor);
const char* to_text(DrainReason reason);
const char* to_text(Pool pool);
const char* to_text(ScaleVerdict verdict);
const char* to_text(Market market);

}  // namespace sky::core
