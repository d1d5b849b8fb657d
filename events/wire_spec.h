// Wire form and core value of the service spec. Private to events; see wire.h.
#pragma once

#include "core/spec.h"
#include "events/event.capnp.h"

namespace sky::events {

// codec_spec.cc
void write(wire::Amount::Builder to, const core::Amount& from);
void read(wire::Amount::Reader from, core::Amount& to);
void write(wire::ResourceRequest::Builder to, const core::ResourceRequest& from);
void read(wire::ResourceRequest::Reader from, core::ResourceRequest& to);
void write(wire::Resources::Builder to, const core::Resources& from);
void read(wire::Resources::Reader from, core::Resources& to);
void write(wire::ReadinessProbe::Builder to, const core::ReadinessProbe& from);
void read(wire::ReadinessProbe::Reader from, core::ReadinessProbe& to);
void write(wire::ReplicaPolicy::Builder to, const core::ReplicaPolicy& from);
void read(wire::ReplicaPolicy::Reader from, core::ReplicaPolicy& to);
void write(wire::LoadBalancerSpec::Builder to, const core::LoadBalancerSpec& from);
void read(wire::LoadBalancerSpec::Reader from, core::LoadBalancerSpec& to);
void write(wire::RolloutPolicy::Builder to, const core::RolloutPolicy& from);
void read(wire::RolloutPolicy::Reader from, core::RolloutPolicy& to);
void write(wire::Task::Builder to, const core::Task& from);
void read(wire::Task::Reader from, core::Task& to);
void write(wire::Sandbox::Builder to, const core::Sandbox& from);
void read(wire::Sandbox::Reader from, core::Sandbox& to);
void write(wire::ServiceSpec::Builder to, const core::ServiceSpec& from);
void read(wire::ServiceSpec::Reader from, core::ServiceSpec& to);

}  // namespace sky::events
