// The life of a replica: its phases and the one table of legal transitions.
#pragma once

#include <cstdint>

namespace sky::core {

// The words users see, in capitals. A failed phase keeps its text in the replica (Replica::reason).
enum class Phase : std::uint8_t {
  unknown,
  pending,  // wanted, no launch under way (or waiting for a place that is free)
  provisioning,  // a launch intent is open at a provider
  starting,  // the machine is there; setup and start of the server
  ready,  // last probe answered 200
  not_ready,  // was ready, does not answer now
  draining,  // gets no new request; running ones finish until the deadline
  shutting_down,  // termination intended
  preempted,  // the cloud took it
  failed_provision,  // no provider will ever launch it
  failed_initial_delay,  // never became ready within initial_delay_seconds
  failed_probing,  // was ready, then silent for too long
  failed,  // setup or run ended by itself
  failed_cleanup,  // could not be terminated: may still cost money
  terminated,  // gone as intended; leaves the table
};

bool is_legal(Phase from, Phase to);
bool is_terminal(Phase phase);  // holds no instance any more (preempted, failed..., terminated)
bool is_failed(Phase phase);  // one of the failed_... or failed
bool is_live(Phase phase);  // counts as capacity: pending to not_ready
const char* to_text(Phase phase);  // "PENDING", "FAILED_PROBING", ...

}  // namespace sky::core
