# What a balancer tells the daemon over the follow socket. Never stored: the daemon makes events of
# it. The rules of event.capnp hold here too, because the two processes may differ in version.
@0xb0d5173ce94f2a68;

using Cxx = import "/capnp/c++.capnp";
using Event = import "event.capnp";
$Cxx.namespace("sky::events::wire");

struct BalancerReport {
  union {
    unknown @0 :Void;
    balancerHello @1 :BalancerHello;
    endpointReported @2 :EndpointReported;
    trafficReported @3 :TrafficReported;
    replicaReported @4 :ReplicaReported;
    holdReported @5 :HoldReported;
  }
}

enum EndpointChange {
  unknown @0;
  ejected @1;
  readmitted @2;
  drained @3;
}

struct BalancerHello {
  pid @0 :Int64;
}

struct EndpointReported {
  service @0 :Text;
  host @1 :Text;
  port @2 :UInt16;
  inUse @3 :Bool;
  text @4 :Text;
}

struct TrafficReported {
  service @0 :Text;
  sample @1 :Event.TrafficSampled;
}

struct ReplicaReported {
  service @0 :Text;
  replica @1 :UInt32;
  change @2 :EndpointChange;
  reason @3 :Text;
}

struct HoldReported {
  service @0 :Text;
  waiting @1 :UInt32;
  shed @2 :UInt32;
  reason @3 :Text;
}
