// Preemption storms found in a history: what hit a service, how deep it fell, what brought it back.
//
// A blow is a preemption (notice and end count once), a machine lost without notice, or a launch
// refused for want of capacity. Blows to one service within `storm_gap` of each other are one storm
// if they are at least two and one took a replica: a single preemption is an ordinary day, refusals
// alone are a drought. It begins with the first replica taken: refusals before that are no part of
// it, or a service that starts where a cluster is full would be in a storm. Blows in several zones
// at once are one storm, because the service feels one dip; two services hit at once have a storm
// each, and each names the other. A storm is over when the service is back at its target after the
// last blow. Fed with a log in order, from #1 or from the state `before` its first event; a storm
// that began before that is told from there. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/event.h"
#include "projections/model.h"

namespace sky::projections {

// Two thirds of the gaps between blows of one reclaim wave in the recorded spot traces are far
// shorter; a new wave in the same hour is a new storm. A guess.
inline constexpr core::Duration storm_gap = core::seconds(600);
// Losses within this time count as "at once": one cloud's wave of notices.
inline constexpr core::Duration at_once_window = core::seconds(60);
inline constexpr std::uint32_t fewest_blows = 2;

inline constexpr std::size_t max_storms = 1000;  // the oldest are forgotten
inline constexpr std::size_t max_storm_decisions = 100;  // told of one storm; the rest is counted

struct StormZone {
  core::Place place;
  core::Market market = core::Market::unknown;
  std::uint32_t preempted = 0;  // replicas noticed or taken
  std::uint32_t lost = 0;  // replicas gone without notice
  std::uint32_t refused = 0;  // launches for want of capacity
  bool operator==(const StormZone&) const = default;
};

// As the endpoint counted them, from the first blow until the service was back.
struct StormRequests {
  std::uint64_t arrived = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;  // 5xx by the endpoint, cut streams
  std::uint64_t shed = 0;  // of them: waited in vain
  std::uint32_t most_held = 0;  // waiting for a replica at the same time
  std::uint64_t drained = 0;  // ran on a noticed machine, finished before it went
  std::uint64_t retried = 0;  // were sent to another replica
  bool operator==(const StormRequests&) const = default;
};

struct StormDecision {
  core::Seq seq;  // `skyctl why SEQ` tells its causes
  core::Stamp time;
  core::ReplicaId replica;
  std::string type;
  std::string text;
  bool operator==(const StormDecision&) const = default;
};

struct Storm {
  core::ServiceName service;
  core::Seq first;  // the first blow
  core::Stamp began;
  core::Stamp last_blow;
  std::optional<core::Stamp> recovered;  // none: not yet, or the service went before
  bool removed = false;  // the service was taken down meanwhile
  std::vector<StormZone> zones;
  std::uint32_t preempted = 0, lost = 0, refused = 0;  // sums of the zones
  std::uint32_t most_at_once = 0;  // replicas gone or noticed within `at_once_window`
  std::uint32_t target = 0;  // when it was deepest
  std::uint32_t ready_before = 0;
  std::uint32_t lowest_ready = 0;  // when it was deepest
  std::uint32_t depth = 0;  // most replicas missing from the target
  core::Duration below{0};  // time with fewer ready than the target
  StormRequests requests;
  core::Money cost;  // spent from the first blow until it was back
  core::Money extra_cost;  // against the price an hour just before it; less than zero: cheaper
  std::vector<StormDecision> decisions;
  std::uint64_t more_decisions = 0;
  std::vector<core::ServiceName> also_hit;  // other services with a storm at that time
  bool operator==(const Storm&) const = default;

  core::Instant end() const { return recovered ? recovered->at : last_blow.at; }
  core::Duration to_recover() const { return end() - began.at; }
};

class StormFinder {
 public:
  explicit StormFinder(Model before = {}) : model_(std::move(before)) {}
  void add(const core::Event& event);
  // Oldest first; with those that are not over as of the newest event.
  std::vector<Storm> storms() const;

 private:
  struct Blow {
    core::ReplicaId replica;
    core::Instant at;
  };
  // A storm, or what may become one.
  struct Open {
    Storm now;  // up to the newest event
    std::optional<Storm> recovered;  // as it was when the service was back
    std::vector<Blow> taken;  // replicas: each once
    std::map<core::ReplicaId, std::uint32_t> draining;  // noticed, with what ran on them
    core::Money spent_before;
    core::Price price_before;
    core::Instant looked;  // until here `below` is counted
    bool is_below = false;
  };

  void note_blow(const core::Event& event);
  void begin(const core::Event& event);
  void note_event(Open& open, const core::Event& event);
  void note_capacity(Open& open, const core::Event& event);
  void close(const core::ServiceName& service);
  static bool is_storm(const Open& open);
  static const Storm& told(const Open& open);

  Model model_;  // before the event that is being added
  std::map<core::ServiceName, Open> open_;
  std::vector<Storm> closed_;
};

}  // namespace sky::projections
