// Observations entering the system. Each carries its own time; nothing else tells `step` the time.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/endpoint_report.h"
#include "core/event.h"

namespace sky::core {

// ---- from the user (already authorised: the socket belongs to the user). A request whose id was
// taken already is answered as it was then, and changes nothing.

struct UpRequested {
  ServiceSpec spec;
  std::vector<Offer> offers;
  std::string user;
  RequestId request = {};
};
struct UpdateRequested {
  ServiceSpec spec;
  std::vector<Offer> offers;
  UpdateMode mode = UpdateMode::rolling;
  std::string user;
  RequestId request = {};
};
struct DownRequested {
  ServiceName service;
  std::string user;
  RequestId request = {};
};
struct PreemptRequested {  // recorded here; carried out by the sandbox through PreemptInstance
  ServiceName service;
  std::vector<ReplicaId> replicas;  // these, or
  std::string zone;  // all in this zone, or
  std::uint32_t storm = 0;  // this many spot replicas, newest first
  std::string user;
  RequestId request = {};
};

// ---- from the clouds
struct LaunchAnswered {
  ServiceName service;
  ReplicaId replica;
  std::uint32_t attempt = 0;
  std::variant<ProvisionSucceeded, Failure> outcome;
};
struct TerminateAnswered {
  ServiceName service;
  ReplicaId replica;
  std::variant<std::monostate, Failure> outcome;
};
enum class InstanceChange : std::uint8_t {
  unknown,
  started,
  noticed,
  preempted,
  lost,
  user_code_ended,
  suspected  // its host is silent: only a probe can tell
};
struct InstanceChanged {
  ServiceName service;
  ReplicaId replica;
  std::uint32_t attempt = 0;
  InstanceChange change = InstanceChange::unknown;
  Duration notice_left{0};  // for `noticed`: time until the machine is taken
  std::string text;
};
// What a provider holds under our log id: the answer to SweepInstances.
struct ListedInstance {
  std::string instance_id;
  Place place;
  ServiceName service;
  ReplicaId replica;
  std::uint32_t attempt = 0;
};
struct InstancesListed {
  std::string cloud;
  std::vector<ListedInstance> instances;
  Instant asked_at;  // instances launched after this are not expected in the list
  bool sandbox = false;  // the sandbox's cloud of that name
};
struct OrphanTerminated {
  std::string instance_id;
};

// ---- from the prober
struct ProbeReturned {
  ServiceName service;
  ReplicaId replica;
  ProbeAnswered answer;
};

// ---- the control plane
struct Started {
  LogId log_id;
  std::string version;
  std::uint64_t epoch = 0;
  Seq repaired_after;  // nonzero: a torn, unacknowledged tail after this was left out
};
struct LogTended {
  EventBody fact;  // recorded as it is: LogTruncated, SnapshotTaken or SnapshotRejected
};
struct Stopping {
  std::string reason;
};
struct Tick {};  // the instant `step` asked to be woken at

using InputBody =
    std::variant<Tick, Started, Stopping, UpRequested, UpdateRequested, DownRequested,
                 PreemptRequested, LaunchAnswered, TerminateAnswered, InstanceChanged,
                 InstancesListed, OrphanTerminated, ProbeReturned, BalancerHello, BalancerGone,
                 EndpointReported, TrafficReported, ReplicaReported, HoldReported, LogTended>;

struct Input {
  Stamp now;
  InputBody body;
};

}  // namespace sky::core
