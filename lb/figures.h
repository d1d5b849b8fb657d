// What the metrics show, as values: of one loop, and added up of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/ids.h"
#include "lb/meter.h"
#include "lb/token_meter.h"

namespace sky::lb {

struct ReplicaFigures {
  std::uint32_t in_flight = 0;
  bool is_ejected = false;  // on any loop
  ModelTotals model;
};

struct ServiceFigures {
  Meter::Totals totals;
  ModelTotals model;  // of all replicas there were
  std::uint32_t held = 0;
  std::map<core::ReplicaId, ReplicaFigures> replicas;
};

struct Figures {
  std::map<core::ServiceName, ServiceFigures> services;
  std::size_t client_connections = 0;
  std::size_t upstream_connections = 0;
  std::size_t replay_bytes = 0;  // of the process, put in at the end
  std::uint64_t log_lost_bytes = 0;  // the same
  void add(const Figures& other);
};

}  // namespace sky::lb
