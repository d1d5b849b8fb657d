// One replica as the log knows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/event.h"

namespace sky::projections {

struct Replica {
  core::ReplicaId id;
  core::Version version;
  core::Pool pool = core::Pool::unknown;
  core::Phase phase = core::Phase::pending;
  core::Stamp phase_since;
  std::string reason;  // why it is in this phase, for people
  core::Stamp planned;
  std::optional<core::Stamp> launched;  // first launch intent: LAUNCHED counts from here
  std::optional<core::Stamp> first_ready;
  std::uint32_t attempt = 0;  // of the launch; 0 before the first
  core::Seq intent;  // seq of that attempt's LaunchIntended
  core::Instant attempted;  // its time
  core::Offer offer;  // of that attempt
  bool paid_overflow = false;
  std::string instance_id;
  std::string host;  // empty until provisioned
  std::uint16_t port = 0;
  core::Seq last_cause;  // newest event about it: `skyctl why` starts here
  std::int32_t last_http_status = 0;
  std::optional<core::Instant> last_probe;
  std::optional<core::Instant> failing_since;  // first of the present run of failed probes
  std::optional<core::Instant> notice_deadline;
  std::optional<core::Instant> drain_deadline;
  bool drained = false;
  bool ejected = false;  // by the endpoint: connections fail
  core::Phase final_phase = core::Phase::terminated;  // where a running termination leads
  std::uint32_t termination_attempts = 0;
  std::uint32_t in_flight = 0;  // from the newest traffic sample
  std::optional<core::Instant>
      billed_since;  // provider billing runs from the launch intent's success
  core::Money cost;  // of finished bills
  core::Money cost_on_demand;  // the same hours at the on-demand price
  std::optional<core::Instant> provisioned;  // when this attempt's machine was there
  bool launch_open = false;  // launch intended, not answered
  bool termination_open = false;  // termination intended, not confirmed
  std::uint32_t same_calls = 0;  // how often this attempt's launch was repeated
  std::optional<core::Instant> retry_at;  // when the open call is made again
  std::uint32_t unready_launches = 0;  // attempts that failed
  bool operator==(const Replica&) const = default;

  bool is_spot() const { return offer.is_spot(); }
};

}  // namespace sky::projections
