// What a readiness probe's answers mean for a replica, over time.
//
//   starting   ends as failed_initial_delay when it was unready for longer than the initial delay,
//              counted from its first failed probe (as SkyServe does), or from the moment it had a
//              machine while no probe was answered at all
//   ready      one failed probe makes it not_ready: the endpoint has others
//   not_ready  ends as failed_probing when failing for the failure window
//
// Only HTTP 200 is ready, as in SkyServe; the prober judges that. Pure.
#pragma once

#include <optional>

#include "core/phase.h"
#include "core/spec.h"
#include "core/time.h"

namespace sky::core {

struct HealthView {
  Phase phase = Phase::unknown;
  Instant provisioned;  // when it had a machine
  std::optional<Instant> failing_since;  // first of the present run of failed probes
};

// When the replica is given up if nothing changes, and as what.
struct GivenUp {
  Instant at;
  Phase final_phase = Phase::failed_probing;
};
std::optional<GivenUp> given_up(const HealthView& view, const ReadinessProbe& probe);

// How often to ask: a starting or troubled replica at least once a second, so that readiness and
// recovery are noticed at once; a healthy one as the service says.
Duration probe_interval(Phase phase, bool is_ejected, bool is_failing, const ReadinessProbe& probe);

}  // namespace sky::core
