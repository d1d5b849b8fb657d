// Wire form and core value of what a balancer reports. Private to events; see wire.h.
#pragma once

#include "core/input.h"
#include "events/report.capnp.h"
#include "events/wire.h"

namespace sky::events {

void write(wire::BalancerHello::Builder to, const core::BalancerHello& from);
void read(wire::BalancerHello::Reader from, core::BalancerHello& to);
void write(wire::EndpointReported::Builder to, const core::EndpointReported& from);
void read(wire::EndpointReported::Reader from, core::EndpointReported& to);
void write(wire::TrafficReported::Builder to, const core::TrafficReported& from);
void read(wire::TrafficReported::Reader from, core::TrafficReported& to);
void write(wire::ReplicaReported::Builder to, const core::ReplicaReported& from);
void read(wire::ReplicaReported::Reader from, core::ReplicaReported& to);
void write(wire::HoldReported::Builder to, const core::HoldReported& from);
void read(wire::HoldReported::Reader from, core::HoldReported& to);

}  // namespace sky::events
