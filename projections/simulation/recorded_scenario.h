// A recorded log as a scenario: the demand it shows, and what its clouds had to give as far as the
// log is evidence of it.
//
// A launch that succeeded shows that there was capacity from its call on; one that was refused, a
// notice, and a spot machine that went show that there was none beyond those that stayed. A refusal
// counts until a launch succeeds there, at most for `evidence_lasts`. Where nothing was ever
// tried there is no evidence: no limit. What is no fact about the world is left out: failures of
// user code, throttling, lost answers, restarts of the daemon.
//
// Fed with the events after `before` in order; `begin` is called before the event that the scenario
// shall begin with. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "core/event.h"
#include "projections/simulation/scenario.h"

namespace sky::projections {

// The median time that a zone stayed without capacity in the spot traces of the SkyServe paper is
// 23 to 70 minutes, by zone.
inline constexpr core::Duration evidence_lasts = core::seconds(1800);

struct Evidence {
  std::uint64_t granted = 0;  // launches that succeeded
  std::uint64_t refused = 0;
  std::uint64_t taken = 0;  // machines
  std::set<core::BlockKey> kinds;  // of which there is any
};

class RecordedScenario {
 public:
  // `before`: the state that the first event follows; empty for a whole log.
  RecordedScenario(core::ServiceName service, Model before);

  void add(const core::Event& event);
  // Whether the service's life in this log starts with that event: it is registered, or it exists
  // before the first one.
  bool starts_with(const core::Event& event) const;
  void begin(const core::Stamp& now);

  const Model& model() const { return model_; }  // up to the newest event
  const Model& before() const { return scenario_.before; }  // what it begins with
  bool has_begun() const { return has_begun_; }
  const Evidence& evidence() const { return evidence_; }
  // Ends at `end`; once.
  Scenario take(core::Instant end);

 private:
  void note_command(const core::Event& event);
  void note_demand(const core::Event& event);
  void note_cloud(const core::Event& event, const Replica& replica);
  void note_success(const core::Event& event, const Replica& replica);
  void note_refusal(const core::Event& event, const Replica& replica,
                    const core::ProvisionFailed& failed);
  void note_taken(const core::Event& event, const Replica& replica, core::Duration notice);
  std::uint32_t staying(const core::BlockKey& kind) const;
  void open(const core::BlockKey& kind, core::Instant from, core::Instant now);

  Scenario scenario_;
  Model model_;
  Evidence evidence_;
  bool has_begun_ = false;
  std::map<core::ServiceName, std::map<core::ReplicaId, core::Instant>> called_;  // open launches
  std::map<core::ServiceName, std::map<core::ReplicaId, core::Instant>> ending_;
};

}  // namespace sky::projections
