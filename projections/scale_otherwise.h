// What another target would have needed: the load, the time or the limit, found by asking the rule
// that decided (scale_signal.h, core/scale_vote.h) with other numbers. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "core/event.h"
#include "projections/service_state.h"

namespace sky::projections {

// Arrivals are requests within the policy's window; all else stays as it was.
struct ScaleOtherwise {
  bool is_scaled = false;  // false: a fixed number; only the service file changes it
  std::uint64_t arrivals = 0;  // as they were
  core::Duration window{0};
  std::uint32_t target = 0;  // after the decision
  std::uint32_t lower_limit = 0;
  std::uint32_t upper_limit = 0;
  std::uint32_t wanted = 0;  // by the load alone
  std::optional<std::uint64_t> fewest_for_more;  // arrivals that want a larger target
  std::optional<std::uint64_t> most_for_fewer;  // arrivals that want a smaller one
  std::optional<std::uint64_t> fewest_to_stay;  // of a lowered target: arrivals that kept it
  std::optional<std::uint64_t> most_to_stay;  // of a raised one
  std::optional<std::uint64_t> running_for_more;  // in flight and held, when that is a signal
  core::Duration up_delay{0};  // how long a larger load must last
  core::Duration down_delay{0};
  std::optional<core::Duration> agreed;  // of a wait: so long it was agreed already
  std::optional<core::Duration> left;  // of a wait: so long more of this load moves the target
};

// A wait that spans more evaluations than this gets no forecast: it would take minutes to find.
inline constexpr std::size_t longest_forecast = 4096;

// `before`: the service as it was when the evaluation was made, at `now`.
ScaleOtherwise scale_otherwise(const ServiceState& before, core::Instant now,
                               const core::ScaleEvaluated& event);

// The evaluation that would have been recorded at `now` had anything changed: what a wait has come
// to meanwhile.
core::ScaleEvaluated standing_evaluation(const ServiceState& service, core::Instant now);

// The fewest arrivals in the window with which at least `replicas` are wanted within the limits;
// none: no number of arrivals does that, or another signal asks for as many already.
std::optional<std::uint64_t> fewest_arrivals_for(const ServiceState& service, core::Instant now,
                                                 std::uint32_t replicas);

}  // namespace sky::projections
