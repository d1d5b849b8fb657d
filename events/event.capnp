# What the log stores. One Commit per fsync group; its bytes on disk and on the follow socket are
# specified in events/README.md.
#
# This file only grows:
#  - a new member takes the next number; numbers are never reused, types and defaults never change;
#  - the first member of a union and the first value of an enum is `unknown`, so that zeroes and
#    messages of the future read as unknown, not as something that happened;
#  - a change of meaning is a new member, and the codec lifts the old form to the new value;
#  - whoever adds something here raises `schema_version` in events/codec.h.
@0xf2a4c61d0b7e9385;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("sky::events::wire");

struct Commit {
  firstSeq @0 :UInt64;          # the events are dense from here
  epoch @1 :UInt64;             # of the opening that wrote it
  schema @2 :UInt16;            # schema_version of the writer
  events @3 :List(Event);       # 1 to 1024
}

struct Event {
  atUs @0 :Int64;       # the log's clock
  wallUs @1 :Int64;     # since 1970-01-01 UTC
  cause @2 :UInt64;     # sequence of the event that led here; 0: none
  actor @3 :Actor;
  replica @4 :UInt32;   # 0: about no single replica
  service @5 :Text;     # empty: about the control plane
  body :union {
    unknown @6 :Void;
    daemonStarted @7 :DaemonStarted;
    daemonStopped @8 :DaemonStopped;
    logRepaired @9 :LogRepaired;
    commandReceived @10 :CommandReceived;
    balancerConnected @11 :BalancerConnected;
    balancerLost @12 :BalancerLost;
    serviceRegistered @13 :ServiceRegistered;
    serviceUpdated @14 :ServiceUpdated;
    versionRolledBack @15 :VersionRolledBack;
    endpointAssigned @16 :EndpointAssigned;
    endpointOpened @17 :EndpointOpened;
    endpointFailed @18 :EndpointFailed;
    removalRequested @19 :RemovalRequested;
    serviceRemoved @20 :ServiceRemoved;
    scaleEvaluated @21 :ScaleEvaluated;
    placementChosen @22 :PlacementChosen;
    zoneBlocked @23 :ZoneBlocked;
    zoneCleared @24 :ZoneCleared;
    replicaPlanned @25 :ReplicaPlanned;
    launchIntended @26 :LaunchIntended;
    provisionSucceeded @27 :ProvisionSucceeded;
    provisionFailed @28 :ProvisionFailed;
    replicaStarted @29 :ReplicaStarted;
    probeAnswered @30 :ProbeAnswered;
    replicaBecameReady @31 :ReplicaBecameReady;
    replicaBecameNotReady @32 :ReplicaBecameNotReady;
    drainStarted @33 :DrainStarted;
    replicaDrained @34 :ReplicaDrained;
    terminationIntended @35 :TerminationIntended;
    terminationSucceeded @36 :TerminationSucceeded;
    terminationFailed @37 :TerminationFailed;
    replicaEnded @38 :ReplicaEnded;
    preemptionNoticed @39 :PreemptionNoticed;
    replicaPreempted @40 :ReplicaPreempted;
    instanceLost @41 :InstanceLost;
    orphanFound @42 :OrphanFound;
    orphanEnded @43 :OrphanEnded;
    trafficSampled @44 :TrafficSampled;
    replicaEjected @45 :ReplicaEjected;
    replicaReadmitted @46 :ReplicaReadmitted;
    requestsHeld @47 :RequestsHeld;
    requestsShed @48 :RequestsShed;
    logTruncated @49 :LogTruncated;
    snapshotTaken @50 :SnapshotTaken;
    snapshotRejected @51 :SnapshotRejected;
  }
}

enum Actor {
  unknown @0;
  controller @1;
  user @2;
  cloud @3;
  probe @4;
  balancer @5;
  daemon @6;
}

enum Market {
  unknown @0;
  onDemand @1;
  spot @2;
}

enum FailureKind {
  unknown @0;
  capacity @1;
  quota @2;
  price @3;
  unsupported @4;
  throttled @5;
  auth @6;
  forbidden @7;
  invalid @8;
  conflict @9;
  notFound @10;
  gone @11;
  transient @12;
  indeterminate @13;
}

enum FailureScope {
  unknown @0;
  request @1;
  zone @2;
  region @3;
  cloud @4;
  account @5;
}

enum Placement {
  unknown @0;
  staticMixture @1;
  spotHedge @2;
  market @3;
}

enum MarketRule {
  unknown @0;
  allOnDemand @1;
  evenSpread @2;
  roundRobin @3;
  staticMixture @4;
  spotHedge @5;
  ageGated @6;
  hazardHedge @7;
}

enum BalancingPolicy {
  unknown @0;
  roundRobin @1;
  leastLoad @2;
  instanceAwareLeastLoad @3;
}

enum UpdateMode {
  unknown @0;
  rolling @1;
  blueGreen @2;
}

enum ScaleVerdict {
  unknown @0;
  raised @1;
  lowered @2;
  waitingToRaise @3;
  waitingToLower @4;
  settled @5;
}

enum Pool {
  unknown @0;
  base @1;
  burst @2;
  fallback @3;
}

enum DrainReason {
  unknown @0;
  scaleDown @1;
  preemptionNotice @2;
  outdated @3;
  removal @4;
  spotReturned @5;
  failed @6;
}

enum Phase {
  unknown @0;
  pending @1;
  provisioning @2;
  starting @3;
  ready @4;
  notReady @5;
  draining @6;
  shuttingDown @7;
  preempted @8;
  failedProvision @9;
  failedInitialDelay @10;
  failedProbing @11;
  failed @12;
  failedCleanup @13;
  terminated @14;
}

enum RouteState {
  unknown @0;
  ready @1;
  draining @2;
  waiting @3;
}

struct Place {
  cloud @0 :Text;
  region @1 :Text;
  zone @2 :Text;
}

struct Accelerator {
  name @0 :Text;
  count @1 :UInt32;
}

struct Offer {
  place @0 :Place;
  instanceType @1 :Text;
  market @2 :Market;
  accelerator @3 :Accelerator;
  vcpus @4 :UInt32;
  memoryMib @5 :UInt32;
  priceMicroUsd @6 :Int64;
  onDemandPriceMicroUsd @7 :Int64;
}

struct Failure {
  kind @0 :FailureKind;
  scope @1 :FailureScope;
  text @2 :Text;
  retryAfterUs @3 :Int64;
}

struct Candidate {
  offer @0 :Offer;
  score @1 :Int64;
  note @2 :Text;
  chosen @3 :Bool;
  upUs @4 :Int64;
  hazardMicro @5 :Int64;
}

struct PlacementChosen {
  policy @0 :Text;
  candidates @1 :List(Candidate);
  reason @2 :Text;
  planCost @3 :Int64;
  planRisk @4 :Int64;
}

struct ZoneBlocked {
  place @0 :Place;
  instanceType @1 :Text;
  market @2 :Market;
  failure @3 :Failure;
  untilUs @4 :Int64;
}

struct ZoneCleared {
  place @0 :Place;
  instanceType @1 :Text;
  market @2 :Market;
  reason @3 :Text;
}

struct Amount {
  value @0 :UInt32;
  atLeast @1 :Bool;
}

struct ResourceRequest {
  accelerators @0 :List(Accelerator);
  acceleratorsOrdered @1 :Bool;
  vcpus @2 :Amount;
  memoryMib @3 :Amount;
  instanceType @4 :Text;
  place @5 :Place;
  useSpot @6 :Bool;
  diskSizeGb @7 :UInt32;
  imageId @8 :Text;
  labels @9 :List(Pair);
  hasMaxHourlyCost @10 :Bool;
  maxHourlyCostMicroUsd @11 :Int64;
}

struct Resources {
  choices @0 :List(ResourceRequest);
  ordered @1 :Bool;
  port @2 :UInt16;
}

struct ReadinessProbe {
  path @0 :Text;
  hasPostData @1 :Bool;
  postData @2 :Text;
  headers @3 :List(Pair);
  initialDelayUs @4 :Int64;
  timeoutUs @5 :Int64;
  intervalUs @6 :Int64;
  failureWindowUs @7 :Int64;
}

struct ReplicaPolicy {
  minReplicas @0 :UInt32;
  hasMaxReplicas @1 :Bool;
  maxReplicas @2 :UInt32;
  numOverprovision @3 :UInt32;
  hasTargetQpsPerReplica @4 :Bool;
  targetQpsPerReplicaMilliRps @5 :Int64;
  targetQpsPerAccelerator @6 :List(Rate);
  upscaleDelayUs @7 :Int64;
  downscaleDelayUs @8 :Int64;
  baseOndemandFallbackReplicas @9 :UInt32;
  dynamicOndemandFallback @10 :Bool;
  placement @11 :Placement;
  qpsWindowUs @12 :Int64;
  hasTargetConcurrencyPerReplica @13 :Bool;
  targetConcurrencyPerReplica @14 :UInt32;
  market @15 :MarketPolicy;  # absent: the default, which nothing asked for
}

struct MarketPolicy {
  rule @0 :MarketRule;
  extra @1 :UInt32;
  forgivesLate @2 :Bool;
  fixedOnDemand @3 :UInt32;
  riskOfAny @4 :Int64;
  riskOfShare @5 :Int64;
  riskOfSquare @6 :Int64;
  availabilityPpm @7 :UInt32;
  knowsAge @8 :Bool;
  splits @9 :Bool;
  probeEveryUs @10 :Int64;
}

struct LoadBalancerSpec {
  policy @0 :BalancingPolicy;
  streamTimeoutUs @1 :Int64;
  holdTimeoutUs @2 :Int64;
  holdLimit @3 :UInt32;
  retryNonIdempotent @4 :Bool;
  maxConcurrencyPerReplica @5 :UInt32;
  affinity @6 :Affinity;
  affinityName @7 :Text;
  slowStartUs @8 :Int64;
  ejectAfterFailures @9 :UInt32 = 5;
  limits @10 :EndpointLimits;
  tlsKeyFile @11 :Text;
  tlsCertFile @12 :Text;
  apiKeysFile @13 :Text;
  apiKeysEnv @14 :Text;
}

enum Affinity {
  none @0;
  prefix @1;
  header @2;
  cookie @3;
}

# Logs of before these existed read as the defaults, so these must not change.
struct EndpointLimits {
  headTimeoutUs @0 :Int64 = 10000000;
  bodyTimeoutUs @1 :Int64 = 30000000;
  keepAliveTimeoutUs @2 :Int64 = 60000000;
  connectTimeoutUs @3 :Int64 = 3000000;
  firstByteTimeoutUs @4 :Int64;
  maxConnections @5 :UInt32 = 16384;
  maxHeadBytes @6 :UInt32 = 65536;
  maxBodyBytes @7 :UInt64;
}

struct RolloutPolicy {
  maxSurge @0 :UInt32;
  bakeTimeUs @1 :Int64;
}

struct Task {
  envs @0 :List(Pair);
  secretNames @1 :List(Text);
  setup @2 :Text;
  run @3 :Text;
  workdir @4 :Text;
}

struct Sandbox {
  enabled @0 :Bool;
  speedPercent @1 :UInt32;
  marketSeed @2 :UInt64;
}

struct ServiceSpec {
  name @0 :Text;
  resources @1 :Resources;
  probe @2 :ReadinessProbe;
  replicas @3 :ReplicaPolicy;
  balancer @4 :LoadBalancerSpec;
  rollout @5 :RolloutPolicy;
  task @6 :Task;
  sandbox @7 :Sandbox;
  noPaidOverflow @8 :Bool;
}

struct DaemonStarted {
  logId @0 :Text;
  version @1 :Text;
  epoch @2 :UInt64;
}

struct DaemonStopped {
  reason @0 :Text;
}

struct LogRepaired {
  lastKept @0 :UInt64;
  acknowledged @1 :UInt64;  # 0: nothing acknowledged was lost
}

struct CommandReceived {
  command @0 :Text;
  user @1 :Text;
  detail @2 :Text;
  request @3 :Text;     # its id, drawn by who asked; empty: none, and before schema 3
}

struct BalancerConnected {
  pid @0 :Int64;
}

struct BalancerLost {
  reason @0 :Text;
}

struct ServiceRegistered {
  spec @0 :ServiceSpec;
  offers @1 :List(Offer);
  endpointPort @2 :UInt16;
}

struct ServiceUpdated {
  spec @0 :ServiceSpec;
  offers @1 :List(Offer);
  version @2 :UInt32;
  mode @3 :UpdateMode;
  replacesReplicas @4 :Bool;
}

struct VersionRolledBack {
  failed @0 :UInt32;
  restored @1 :UInt32;
  reason @2 :Text;
  balancer @3 :LoadBalancerSpec;
  targetQpsPerAccelerator @4 :List(Rate);
}

struct EndpointAssigned {
  port @0 :UInt16;
  reason @1 :Text;
}

struct EndpointOpened {
  host @0 :Text;
  port @1 :UInt16;
}

struct EndpointFailed {
  port @0 :UInt16;
  text @1 :Text;
}

struct RemovalRequested {}

struct ServiceRemoved {}

struct ScaleEvaluated {
  policy @0 :Text;
  windowUs @1 :Int64;
  rateMilliRps @2 :Int64;
  inFlight @3 :UInt32;
  held @4 :UInt32;
  wanted @5 :UInt32;
  lowerLimit @6 :UInt32;
  upperLimit @7 :UInt32;
  targetBefore @8 :UInt32;
  targetAfter @9 :UInt32;
  votes @10 :UInt32;
  votesNeeded @11 :UInt32;
  delayUs @12 :Int64;
  verdict @13 :ScaleVerdict;
  reason @14 :Text;
}

struct ReplicaPlanned {
  version @0 :UInt32;
  pool @1 :Pool;
  reason @2 :Text;
}

struct LaunchIntended {
  attempt @0 :UInt32;
  offer @1 :Offer;
  paidOverflow @2 :Bool;
}

struct ProvisionSucceeded {
  attempt @0 :UInt32;
  instanceId @1 :Text;
  host @2 :Text;
  port @3 :UInt16;
}

struct ProvisionFailed {
  attempt @0 :UInt32;
  failure @1 :Failure;
}

struct ReplicaStarted {}

struct ProbeAnswered {
  httpStatus @0 :Int32;
  latencyUs @1 :Int64;
  error @2 :Text;
  ok @3 :Bool;
}

struct ReplicaBecameReady {}

struct ReplicaBecameNotReady {
  reason @0 :Text;
}

struct DrainStarted {
  reason @0 :DrainReason;
  deadlineUs @1 :Int64;
}

struct ReplicaDrained {}

struct TerminationIntended {
  finalPhase @0 :Phase;
  reason @1 :Text;
}

struct TerminationSucceeded {}

struct TerminationFailed {
  failure @0 :Failure;
}

struct ReplicaEnded {
  finalPhase @0 :Phase;
  reason @1 :Text;
}

struct PreemptionNoticed {
  deadlineUs @0 :Int64;
  text @1 :Text;
}

struct ReplicaPreempted {
  text @0 :Text;
}

struct InstanceLost {
  text @0 :Text;
  byUserCode @1 :Bool;
}

struct OrphanFound {
  instanceId @0 :Text;
  place @1 :Place;
  sandbox @2 :Bool = true;  # before there were real clouds, nothing else was
}

struct OrphanEnded {
  instanceId @0 :Text;
}

struct ReplicaLoad {
  replica @0 :UInt32;
  inFlight @1 :UInt32;
}

struct TrafficSampled {
  periodUs @0 :Int64;
  arrivals @1 :UInt32;
  completions @2 :UInt32;
  failures @3 :UInt32;
  retries @4 :UInt32;
  inFlight @5 :UInt32;
  held @6 :UInt32;
  latencyP50Us @7 :Int64;
  latencyP90Us @8 :Int64;
  latencyP99Us @9 :Int64;
  replicas @10 :List(ReplicaLoad);
}

struct ReplicaEjected {
  reason @0 :Text;
}

struct ReplicaReadmitted {}

struct RequestsHeld {
  waiting @0 :UInt32;
}

struct RequestsShed {
  count @0 :UInt32;
  reason @1 :Text;
}

struct LogTruncated {
  firstKept @0 :UInt64;
  snapshot @1 :UInt64;
  reason @2 :Text;
}

struct SnapshotTaken {
  of @0 :UInt64;
  stateHash @1 :UInt64;
  bytes @2 :UInt64;
}

struct SnapshotRejected {
  of @0 :UInt64;
  reason @1 :Text;
}

struct Route {
  replica @0 :UInt32;
  host @1 :Text;
  port @2 :UInt16;
  state @3 :RouteState;
  version @4 :UInt32;
  accelerator @5 :Text;
  drainDeadlineUs @6 :Int64;
}

struct RoutedService {
  name @0 :Text;
  port @1 :UInt16;
  balancer @2 :LoadBalancerSpec;
  targetQpsPerAccelerator @3 :List(Rate);
  routes @4 :List(Route);
  nextReadyUs @5 :Int64;
  version @6 :UInt32;
  heldBack @7 :UInt32;
}

struct RoutingSnapshot {
  seq @0 :UInt64;
  services @1 :List(RoutedService);
}

struct Pair {
  key @0 :Text;
  value @1 :Text;
}

struct Rate {
  key @0 :Text;
  milliRps @1 :Int64;
}
