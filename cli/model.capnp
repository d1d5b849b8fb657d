# The state of the control plane as a snapshot stores it: projections::Model, member by member.
#
# It only grows, like events/event.capnp, and each addition raises `model_format`
# (cli/model_snapshot.h): a truncated log begins with the snapshot of whoever cut it, and must be
# read by the versions after it.
@0xc5b84e1fd2a06973;

using Cxx = import "/capnp/c++.capnp";
using Log = import "/events/event.capnp";
$Cxx.namespace("sky::cli::wire");

struct Model {
  logId @0 :Text;
  seq @1 :UInt64;
  nowUs @2 :Int64;
  epoch @3 :UInt64;
  balancerConnected @4 :Bool;
  services @5 :List(Service);
  lastReplicaIds @6 :List(LastReplicaId);
  zones @7 :List(Zone);
  blocks @8 :List(Block);
  orphans @9 :List(Text);
  lastTerminationUs @10 :Int64;
  takenRequests @11 :List(TakenRequest);  # since form 2
}

struct TakenRequest {
  id @0 :Text;
  command @1 :Text;
  service @2 :Text;
}

# Optional values are structs: absent when there is none.
struct Instant {
  us @0 :Int64;
}

struct Stamp {
  atUs @0 :Int64;
  wallUs @1 :Int64;
}

struct LastReplicaId {
  service @0 :Text;
  id @1 :UInt32;
}

struct Key {
  place @0 :Log.Place;
  instanceType @1 :Text;
  market @2 :Log.Market;
}

struct Zone {
  key @0 :Key;
  launches @1 :UInt64;
  failures @2 :List(UInt64);
  preemptions @3 :UInt64;
  notices @4 :UInt64;
  lastSuccess @5 :Instant;
  lastPreemption @6 :Instant;
  touchedUs @7 :Int64;
  machines @8 :UInt32;
  belief @9 :Belief;
}

struct Belief {
  upSince @0 :Instant;
  watchedSince @1 :Instant;
  seenUp @2 :Instant;
  seenDown @3 :Instant;
  taken @4 :Instant;
  tried @5 :Instant;
  failures @6 :UInt32;
  exposureQ16 @7 :Int64;
  refusals @8 :UInt32;
  room @9 :UInt32;
  roomSeen @10 :Instant;
  burstBegan @11 :Instant;
  burstHeld @12 :UInt32;
  burstLost @13 :UInt32;
  tookOne @14 :UInt32;
  tookSome @15 :UInt32;
  tookAll @16 :UInt32;
  followed @17 :UInt32;
}

struct Block {
  key @0 :Key;
  untilUs @1 :Int64;
  times @2 :UInt32;
  kind @3 :Log.FailureKind;
}

struct Version {
  spec @0 :Log.ServiceSpec;
  offers @1 :List(Log.Offer);
  sinceUs @2 :Int64;
  everReady @3 :Bool;
  rolledBack @4 :Bool;
  failures @5 :UInt32;
  unreplaced @6 :UInt32;
  retryAtUs @7 :Int64;
  failureSeq @8 :UInt64;
  failureText @9 :Text;
  version @10 :UInt32;
  hasColdStart @11 :Bool;
  coldStartUs @12 :Int64;
}

struct LoadSecond {
  second @0 :Int64;
  arrivals @1 :UInt64;
  inFlight @2 :UInt32;
  held @3 :UInt32;
}

struct Load {
  seconds @0 :List(LoadSecond);
  blindFrom @1 :Int64;
  blindTo @2 :Int64;
  newest @3 :UInt64;
}

struct Replica {
  id @0 :UInt32;
  version @1 :UInt32;
  pool @2 :Log.Pool;
  phase @3 :Log.Phase;
  phaseSince @4 :Stamp;
  reason @5 :Text;
  planned @6 :Stamp;
  launched @7 :Stamp;
  firstReady @8 :Stamp;
  attempt @9 :UInt32;
  intent @10 :UInt64;
  offer @11 :Log.Offer;
  paidOverflow @12 :Bool;
  instanceId @13 :Text;
  host @14 :Text;
  port @15 :UInt16;
  lastCause @16 :UInt64;
  lastHttpStatus @17 :Int32;
  lastProbe @18 :Instant;
  failingSince @19 :Instant;
  noticeDeadline @20 :Instant;
  drainDeadline @21 :Instant;
  drained @22 :Bool;
  ejected @23 :Bool;
  finalPhase @24 :Log.Phase;
  terminationAttempts @25 :UInt32;
  inFlight @26 :UInt32;
  billedSince @27 :Instant;
  costNanoUsd @28 :Int64;
  costOnDemandNanoUsd @29 :Int64;
  provisioned @30 :Instant;
  launchOpen @31 :Bool;
  terminationOpen @32 :Bool;
  sameCalls @33 :UInt32;
  retryAt @34 :Instant;
  unreadyLaunches @35 :UInt32;
  attemptedUs @36 :Int64;
}

struct Service {
  name @0 :Text;
  registered @1 :Stamp;
  version @2 :UInt32;
  versions @3 :List(Version);
  replicas @4 :List(Replica);
  lastReplicaId @5 :UInt32;
  endpointPort @6 :UInt16;
  endpointHost @7 :Text;
  endpoint @8 :UInt8;
  endpointError @9 :Text;
  firstReady @10 :Stamp;
  target @11 :UInt32;
  lastEvaluation @12 :Log.ScaleEvaluated;
  removalRequested @13 :Bool;
  removalSinceUs @14 :Int64;
  lastVersion @15 :UInt32;
  updateMode @16 :Log.UpdateMode;
  evaluatedVersion @17 :UInt32;
  targetSinceUs @18 :Int64;
  evaluationSeq @19 :UInt64;
  fleetCause @20 :UInt64;
  portChanges @21 :UInt32;
  load @22 :Load;
  spentNanoUsd @23 :Int64;
  allOnDemandNanoUsd @24 :Int64;
  preempting @25 :List(Log.Place);
  route @26 :Log.RoutedService;
  slo @27 :SloDebt;
}

struct SloDebt {
  debtUs @0 :Int64;
  since @1 :Instant;
  isShort @2 :Bool;
}
