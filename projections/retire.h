// Giving a replica up, whatever state it is in.
#pragma once

#include <string>

#include "core/event.h"
#include "projections/recorder.h"

namespace sky::projections {

// How long a replica that is given up may finish its requests. SkyServe waits 120 s always; here
// that is the longest, it goes as soon as the endpoint reports it drained.
inline constexpr core::Duration drain_time = core::seconds(120);
// Of a service that is taken down: the person waits for it.
inline constexpr core::Duration removal_drain_time = core::seconds(10);

struct Retirement {
  core::DrainReason reason = core::DrainReason::scale_down;
  core::Instant deadline;
  core::Phase final_phase = core::Phase::terminated;
  core::Seq cause;
};

// No more requests; the machine goes when it is drained. One that never served goes at once.
void retire(Recorder& recorder, const core::ServiceName& name, core::ReplicaId id,
            const Retirement& retirement);

// Gives the machine back now; a replica that has none ends at once.
void terminate(Recorder& recorder, const core::ServiceName& name, core::ReplicaId id,
               core::TerminationIntended intent, core::Seq cause);

}  // namespace sky::projections
