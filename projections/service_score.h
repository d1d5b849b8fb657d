// How well a service did over a stretch of time, and what that took: the figures by which two
// policies are compared. Folded from events, recorded or simulated alike. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>

#include "core/event.h"
#include "core/money.h"
#include "projections/costs.h"
#include "projections/model.h"

namespace sky::projections {

struct ServiceScore {
  core::Duration wanted{0};  // time with a target above zero: what the shares are of
  core::Duration at_target{0};  // as many ready as the target, or more
  core::Duration nothing_ready{0};
  core::Duration target_time{0};  // the target, summed over time: divide by `wanted`
  core::Duration ready_time{0};  // the same of the ready ones
  std::uint64_t arrived = 0;
  std::uint64_t failed = 0;  // 5xx made by the endpoint, shed, cut
  std::uint64_t waited = 0;  // arrived while nothing was ready; some of them failed in the end
  std::uint64_t crowded = 0;  // arrived while more came than the ready replicas are meant for
  std::uint32_t launches = 0;  // attempts; the same call again is the same attempt
  std::uint32_t refused = 0;  // attempts that failed
  std::uint32_t preemptions = 0;  // machines noticed or taken; each once
  core::Money spent;
  core::Money all_on_demand;  // the same replica-hours at on-demand prices
  bool operator==(const ServiceScore&) const = default;

  // Of the time wanted, in thousandths of a percent; a service that was never wanted was there.
  std::int64_t availability() const;
};

// What one ready replica is meant for: so many requests a second over that window; zero: not told.
// The same for all that are compared, whatever their own targets are.
struct MeantFor {
  core::MilliRps rate;
  core::Duration window{0};
};

class ServiceScoreFold {
 public:
  // `before`: the state that the first event follows.
  ServiceScoreFold(core::ServiceName service, Model before, core::Instant begin,
                   MeantFor meant_for);

  void add(const core::Event& event);
  ServiceScore end(core::Instant now) const;

 private:
  struct Arrivals {
    core::Instant at;
    std::uint32_t count = 0;
  };

  const ServiceState* service() const;
  void note_traffic(const core::TrafficSampled& sample, core::Instant now);
  void note_replica(const core::Event& event);

  core::ServiceName service_;
  Model model_;
  MeantFor meant_for_;
  ServiceScore score_;
  core::Instant looked_;
  std::uint32_t target_ = 0, ready_ = 0;
  Ledger before_;  // what was spent when it began, and
  Ledger removed_;  // by services of that name that are gone
  std::deque<Arrivals> window_;  // of the newest `meant_for_.window`
  std::map<core::ReplicaId, std::uint32_t> attempts_;
  std::set<core::ReplicaId> noticed_;
};

}  // namespace sky::projections
