#include <algorithm>

#include "projections/decide.h"
#include "projections/retire.h"

namespace sky::projections {

void decide_removal(Recorder& recorder, const core::ServiceName& name) {
  const ServiceState& service = *recorder.service(name);
  if (!service.removal_requested) return;
  const core::Instant deadline = service.removal_since + removal_drain_time;
  const core::Seq cause = service.fleet_cause;
  for (const core::ReplicaId id : replica_ids(service)) {
    const Replica* replica = recorder.replica(name, id);
    if (!replica) continue;
    const bool drains_long = replica->phase == core::Phase::draining &&
                             replica->drain_deadline.value_or(deadline) > deadline;
    if (core::is_live(replica->phase) || drains_long)
      retire(recorder, name, id,
             {.reason = core::DrainReason::removal, .deadline = deadline, .cause = cause});
  }
  const bool is_empty =
      std::all_of(service.replicas.begin(), service.replicas.end(), [](const auto& one) {
        const Replica& replica = one.second;
        return core::is_failed(replica.phase) && !replica.termination_open &&
               (replica.host.empty() || replica.phase == core::Phase::failed_cleanup);
      });
  if (is_empty) recorder.record({name, {}, cause}, core::ServiceRemoved{});
}

}  // namespace sky::projections
