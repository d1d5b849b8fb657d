#include "core/replica_health.h"

#include <algorithm>

namespace sky::core {

std::optional<GivenUp> given_up(const HealthView& view, const ReadinessProbe& probe) {
  if (view.phase == Phase::starting) {
    const Instant since = view.failing_since.value_or(view.provisioned);
    return GivenUp{since + probe.initial_delay, Phase::failed_initial_delay};
  }
  if (view.phase == Phase::not_ready && view.failing_since)
    return GivenUp{*view.failing_since + probe.failure_window, Phase::failed_probing};
  return {};
}

Duration probe_interval(Phase phase, bool is_ejected, bool is_failing,
                        const ReadinessProbe& probe) {
  const bool is_calm = phase == Phase::ready && !is_ejected && !is_failing;
  return is_calm ? probe.interval : std::min(seconds(1), probe.interval);
}

}  // namespace sky::core
