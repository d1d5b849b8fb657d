// The whole state of the control plane: a fold over the log and nothing else.
//
// evolve() is the only way to change it. Reading is free; the parts are plain values.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "core/event.h"
#include "core/ids.h"
#include "projections/scratch.h"
#include "projections/service_state.h"
#include "projections/taken_requests.h"
#include "projections/zone_history.h"

namespace sky::projections {

struct Model {
  core::LogId log_id;
  core::Seq seq;  // the newest event folded in
  core::Instant now;  // its time: the log clock never goes back behind it
  std::uint64_t epoch = 0;
  bool balancer_connected = false;
  std::map<core::ServiceName, ServiceState> services;  // live ones
  std::map<core::ServiceName, std::uint32_t> last_replica_ids;  // of removed ones: ids never repeat
  ZoneHistory zones;  // what the clouds taught us
  std::set<std::string> orphans;  // found, not yet gone
  core::Instant last_termination;  // a list asked before may be stale
  TakenRequests taken_requests;
  Scratch<std::optional<core::Instant>> next_sweep;  // step's note; no part of the state
  bool operator==(const Model&) const = default;
};

// Folds one event in. `event.seq` must be `model.seq.next()`: a gap is a bug of the caller.
void evolve(Model& model, const core::Event& event);

// Null when there is no such one now.
const ServiceState* find_service(const Model& model, const core::ServiceName& name);
const Replica* find_replica(const Model& model, const core::ServiceName& name, core::ReplicaId id);
// The one that the event is about.
const Replica* find_replica(const Model& model, const core::Event& event);

}  // namespace sky::projections
