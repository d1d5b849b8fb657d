#include "projections/retire.h"

#include "projections/open_intents.h"

namespace sky::projections {

using core::Phase;

void retire(Recorder& recorder, const core::ServiceName& name, core::ReplicaId id,
            const Retirement& retirement) {
  const Replica* replica = recorder.replica(name, id);
  if (!replica) return;
  const bool may_serve = replica->phase == Phase::ready || replica->phase == Phase::not_ready ||
                         replica->phase == Phase::draining;
  if (may_serve) {
    recorder.record({name, id, retirement.cause},
                    core::DrainStarted{retirement.reason, retirement.deadline});
    return;
  }
  terminate(recorder, name, id, {retirement.final_phase, core::to_text(retirement.reason)},
            retirement.cause);
}

void terminate(Recorder& recorder, const core::ServiceName& name, core::ReplicaId id,
               core::TerminationIntended intent, core::Seq cause) {
  const Replica* replica = recorder.replica(name, id);
  if (!replica) return;
  if (replica->phase == Phase::pending) {
    recorder.record({name, id, cause}, core::ReplicaEnded{intent.final_phase, intent.reason});
    return;
  }
  recorder.record({name, id, cause}, std::move(intent));
  recorder.order(
      terminate_call(recorder.model(), *recorder.service(name), *recorder.replica(name, id)));
}

}  // namespace sky::projections
