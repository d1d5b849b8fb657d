// What the autoscaler sees of a service at a moment: the load, how many replicas that load wants,
// and the votes for a change.
//
// decide_scale.cc moves the target by it; scale_otherwise.h asks the same questions with another
// load. Seconds are whole ones of the log clock. Borrows the service. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "core/autoscale_request_rate.h"
#include "core/scale_vote.h"
#include "projections/service_state.h"

namespace sky::projections {

class ScaleSignal {
 public:
  ScaleSignal(const ServiceState& service, core::Instant now);

  bool is_scaled() const { return is_scaled_; }  // else the number is fixed
  std::int64_t second() const { return second_; }
  const core::Load& load() const { return load_; }  // none when the number is fixed
  std::uint32_t wanted() const { return wanted(load_); }  // by the load alone
  std::uint32_t limited() const { return limited(load_); }  // and within min and max

  std::uint32_t wanted(const core::Load& load) const;
  std::uint32_t limited(const core::Load& load) const;

  core::Duration delay(core::Direction direction) const;  // as the service says
  core::Duration due(core::Direction direction) const;  // as far as the load is remembered
  // What each evaluation wanted that counts for a change now, oldest first.
  std::vector<std::uint32_t> evaluations(core::Direction direction) const;
  core::Vote vote(core::Direction direction) const;

 private:
  const ServiceState& service_;
  const core::ReplicaPolicy& policy_;
  std::int64_t second_;
  bool is_scaled_;
  core::Load load_;
  std::vector<core::MilliRps> capacities_;  // of the live replicas, with targets per accelerator
};

}  // namespace sky::projections
