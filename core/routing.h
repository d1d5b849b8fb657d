// What a balancer needs to know, as values. The fold that makes it: projections/routing_table.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/ids.h"
#include "core/spec.h"
#include "core/time.h"

namespace sky::core {

// Only `ready` ones get new requests. `unknown`: has no address yet, or does not answer. `waiting`:
// ready, but of a version that a blue-green update has not switched to.
enum class RouteState : std::uint8_t { unknown, ready, draining, waiting };

struct Route {
  ReplicaId replica;
  std::string host;
  std::uint16_t port = 0;
  RouteState state = RouteState::unknown;
  Version version;
  std::string accelerator;  // "T4"; for instance_aware_least_load
  WallTime drain_deadline;  // draining only: requests still running then are cut
  bool operator==(const Route&) const = default;
};

struct RoutedService {
  ServiceName name;
  std::uint16_t port = 0;  // the endpoint's; 0: closed
  LoadBalancerSpec balancer;
  std::map<std::string, MilliRps> target_qps_per_accelerator;
  std::map<ReplicaId, Route> routes;
  WallTime next_ready;  // when the control plane expects the next replica; epoch: unknown
  Version version;  // the wanted one
  Version held_back;  // blue-green: its replicas wait for the switch; zero: none
  bool operator==(const RoutedService&) const = default;
};

struct RoutingSnapshot {
  Seq seq;  // everything up to here is in
  std::map<ServiceName, RoutedService> services;
  bool operator==(const RoutingSnapshot&) const = default;
};

}  // namespace sky::core
