// Wire form (Cap'n Proto) to core value and back, a pair of functions per type. Private to events.
//
// The writers unpack their value with a structured binding on purpose: a member added to a core
// type does not compile until it has a place in the schema, so none is silently left out of the
// log. Readers may throw kj::Exception on damaged bytes; only codec.cc catches it.
#pragma once

#include <string>
#include <vector>

#include "core/event.h"
#include "core/routing.h"
#include "events/event.capnp.h"
#include "events/wire_log.h"
#include "events/wire_spec.h"
#include "events/wire_values.h"

namespace sky::events {

// codec_event.cc; the sequence is the commit's business
void write(wire::Event::Builder to, const core::Event& from);
void read(wire::Event::Reader from, core::Event& to);

// codec_offer.cc
void write(wire::Place::Builder to, const core::Place& from);
void read(wire::Place::Reader from, core::Place& to);
void write(wire::Accelerator::Builder to, const core::Accelerator& from);
void read(wire::Accelerator::Reader from, core::Accelerator& to);
void write(wire::Offer::Builder to, const core::Offer& from);
void read(wire::Offer::Reader from, core::Offer& to);
void write(wire::Failure::Builder to, const core::Failure& from);
void read(wire::Failure::Reader from, core::Failure& to);
void write(wire::Candidate::Builder to, const core::Candidate& from);
void read(wire::Candidate::Reader from, core::Candidate& to);
void write(wire::PlacementChosen::Builder to, const core::PlacementChosen& from);
void read(wire::PlacementChosen::Reader from, core::PlacementChosen& to);
void write(wire::ZoneBlocked::Builder to, const core::ZoneBlocked& from);
void read(wire::ZoneBlocked::Reader from, core::ZoneBlocked& to);
void write(wire::ZoneCleared::Builder to, const core::ZoneCleared& from);
void read(wire::ZoneCleared::Reader from, core::ZoneCleared& to);

// codec_service.cc
void write(wire::DaemonStarted::Builder to, const core::DaemonStarted& from);
void read(wire::DaemonStarted::Reader from, core::DaemonStarted& to);
void write(wire::DaemonStopped::Builder to, const core::DaemonStopped& from);
void read(wire::DaemonStopped::Reader from, core::DaemonStopped& to);
void write(wire::CommandReceived::Builder to, const core::CommandReceived& from);
void read(wire::CommandReceived::Reader from, core::CommandReceived& to);
void write(wire::BalancerConnected::Builder to, const core::BalancerConnected& from);
void read(wire::BalancerConnected::Reader from, core::BalancerConnected& to);
void write(wire::BalancerLost::Builder to, const core::BalancerLost& from);
void read(wire::BalancerLost::Reader from, core::BalancerLost& to);
void write(wire::ServiceRegistered::Builder to, const core::ServiceRegistered& from);
void read(wire::ServiceRegistered::Reader from, core::ServiceRegistered& to);
void write(wire::ServiceUpdated::Builder to, const core::ServiceUpdated& from);
void read(wire::ServiceUpdated::Reader from, core::ServiceUpdated& to);
void write(wire::VersionRolledBack::Builder to, const core::VersionRolledBack& from);
void read(wire::VersionRolledBack::Reader from, core::VersionRolledBack& to);
void write(wire::EndpointAssigned::Builder to, const core::EndpointAssigned& from);
void read(wire::EndpointAssigned::Reader from, core::EndpointAssigned& to);
void write(wire::EndpointOpened::Builder to, const core::EndpointOpened& from);
void read(wire::EndpointOpened::Reader from, core::EndpointOpened& to);
void write(wire::EndpointFailed::Builder to, const core::EndpointFailed& from);
void read(wire::EndpointFailed::Reader from, core::EndpointFailed& to);
void write(wire::ScaleEvaluated::Builder to, const core::ScaleEvaluated& from);
void read(wire::ScaleEvaluated::Reader from, core::ScaleEvaluated& to);

// codec_replica.cc
void write(wire::ReplicaPlanned::Builder to, const core::ReplicaPlanned& from);
void read(wire::ReplicaPlanned::Reader from, core::ReplicaPlanned& to);
void write(wire::LaunchIntended::Builder to, const core::LaunchIntended& from);
void read(wire::LaunchIntended::Reader from, core::LaunchIntended& to);
void write(wire::ProvisionSucceeded::Builder to, const core::ProvisionSucceeded& from);
void read(wire::ProvisionSucceeded::Reader from, core::ProvisionSucceeded& to);
void write(wire::ProvisionFailed::Builder to, const core::ProvisionFailed& from);
void read(wire::ProvisionFailed::Reader from, core::ProvisionFailed& to);
void write(wire::ProbeAnswered::Builder to, const core::ProbeAnswered& from);
void read(wire::ProbeAnswered::Reader from, core::ProbeAnswered& to);
void write(wire::ReplicaBecameNotReady::Builder to, const core::ReplicaBecameNotReady& from);
void read(wire::ReplicaBecameNotReady::Reader from, core::ReplicaBecameNotReady& to);
void write(wire::DrainStarted::Builder to, const core::DrainStarted& from);
void read(wire::DrainStarted::Reader from, core::DrainStarted& to);
void write(wire::TerminationIntended::Builder to, const core::TerminationIntended& from);
void read(wire::TerminationIntended::Reader from, core::TerminationIntended& to);
void write(wire::TerminationFailed::Builder to, const core::TerminationFailed& from);
void read(wire::TerminationFailed::Reader from, core::TerminationFailed& to);
void write(wire::ReplicaEnded::Builder to, const core::ReplicaEnded& from);
void read(wire::ReplicaEnded::Reader from, core::ReplicaEnded& to);
void write(wire::PreemptionNoticed::Builder to, const core::PreemptionNoticed& from);
void read(wire::PreemptionNoticed::Reader from, core::PreemptionNoticed& to);
void write(wire::ReplicaPreempted::Builder to, const core::ReplicaPreempted& from);
void read(wire::ReplicaPreempted::Reader from, core::ReplicaPreempted& to);
void write(wire::InstanceLost::Builder to, const core::InstanceLost& from);
void read(wire::InstanceLost::Reader from, core::InstanceLost& to);
void write(wire::OrphanFound::Builder to, const core::OrphanFound& from);
void read(wire::OrphanFound::Reader from, core::OrphanFound& to);
void write(wire::OrphanEnded::Builder to, const core::OrphanEnded& from);
void read(wire::OrphanEnded::Reader from, core::OrphanEnded& to);

// codec_load.cc
void write(wire::ReplicaLoad::Builder to, const core::ReplicaLoad& from);
void read(wire::ReplicaLoad::Reader from, core::ReplicaLoad& to);
void write(wire::TrafficSampled::Builder to, const core::TrafficSampled& from);
void read(wire::TrafficSampled::Reader from, core::TrafficSampled& to);
void write(wire::ReplicaEjected::Builder to, const core::ReplicaEjected& from);
void read(wire::ReplicaEjected::Reader from, core::ReplicaEjected& to);
void write(wire::RequestsHeld::Builder to, const core::RequestsHeld& from);
void read(wire::RequestsHeld::Reader from, core::RequestsHeld& to);
void write(wire::RequestsShed::Builder to, const core::RequestsShed& from);
void read(wire::RequestsShed::Reader from, core::RequestsShed& to);

// codec_routing.cc
void write(wire::Route::Builder to, const core::Route& from);
void read(wire::Route::Reader from, core::Route& to);
void write(wire::RoutedService::Builder to, const core::RoutedService& from);
void read(wire::RoutedService::Reader from, core::RoutedService& to);
void write(wire::RoutingSnapshot::Builder to, const core::RoutingSnapshot& from);
void read(wire::RoutingSnapshot::Reader from, core::RoutingSnapshot& to);

// Lists of the types above; declared last, because the calls inside must see all of them.
template <class Builder, class Container>
void write_list(Builder to, const Container& from) {
  unsigned index = 0;
  for (const auto& value : from) write(to[index++], value);
}
template <class Reader, class Container>
void read_list(Reader from, Container& to) {
  to.clear();
  to.resize(from.size());
  auto value = to.begin();
  for (const auto element : from) read(element, *value++);
}

// Maps whose key is a member of the value.
template <class Builder, class Map>
void write_map(Builder to, const Map& from) {
  unsigned index = 0;
  for (const auto& [key, value] : from) write(to[index++], value);
}
template <class Reader, class Map, class Key>
void read_map(Reader from, Map& to, Key key) {
  for (const auto element : from) {
    typename Map::mapped_type value;
    read(element, value);
    to.emplace(value.*key, std::move(value));
  }
}

}  // namespace sky::events
