// `skyctl why NAME --at T`: what a service's state was at a moment, in numbers and words.
//
// The state comes from the fold. What the fold does not keep, the provider's own words behind a
// block and since when requests wait, comes from the events; where those are not kept any more the
// report says so. Any thread; nothing is stored.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "projections/fleet_view.h"
#include "projections/model.h"
#include "projections/scale_otherwise.h"
#include "projections/status_view.h"

namespace sky::adapters {
class JsonWriter;
}

namespace sky::cli {

// Fed with the events up to the moment, in order.
class MomentWitness {
 public:
  void add(const core::Event& event);
  const core::Event* block(const core::BlockKey& key) const;  // null: not kept
  const core::Event* hold(const core::ServiceName& service) const;

 private:
  std::map<core::BlockKey, core::Event> blocks_;  // the newest of each, at most max_blocks
  std::map<core::ServiceName, core::Event> holds_;  // the newest RequestsHeld
};

struct PendingReplica {
  projections::ReplicaRow row;
  std::optional<core::Instant> retry_at;  // the open call is made again
  std::optional<core::Instant> first_open;  // it waits for a place: the first block ends
  std::optional<core::Instant> given_up;  // if it does not answer before
  std::optional<core::Instant> gone_by;  // it drains: the longest it may take
};

struct BlockedPlace {
  core::BlockKey key;
  projections::BlockRecord record;
  core::Seq seq;  // of the ZoneBlocked; zero: not kept
  std::string provider_text;  // of that failure
};

struct MomentReport {
  core::Stamp now;
  core::Seq after;  // the newest event before it
  projections::ServiceRow service;
  core::ReplicaId replica;  // the one that was asked about; zero: all
  std::vector<PendingReplica> pending;  // on their way to be ready, or out
  projections::FleetView fleet;
  std::vector<BlockedPlace> blocked;  // what the service could use otherwise
  core::ScaleEvaluated evaluation;  // the newest recorded
  core::Seq evaluation_seq;
  projections::ScaleOtherwise otherwise;  // of the target, at this moment
  core::Seq held_seq;  // since when requests wait; zero: none does, or not kept
};

// None: there was no such service then.
std::optional<MomentReport> report_moment(const projections::Model& model, const core::Stamp& now,
                                          const MomentWitness& witness,
                                          const core::ServiceName& service,
                                          core::ReplicaId replica);

std::string moment_text(const MomentReport& report, bool utc);
void write_moment(adapters::JsonWriter& json, const MomentReport& report);

}  // namespace sky::cli
