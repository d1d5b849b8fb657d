#include "core/phase.h"

namespace sky::core {
namespace {

constexpr unsigned bit(Phase phase) { return 1u << static_cast<unsigned>(phase); }

// Where a replica that still holds, or may hold, a machine can always go.
constexpr unsigned leaving = bit(Phase::draining) | bit(Phase::shutting_down);

// The phases that a termination under way, or an end without a machine, leads to.
constexpr unsigned ends = bit(Phase::preempted) | bit(Phase::failed_provision) |
                          bit(Phase::failed_initial_delay) | bit(Phase::failed_probing) |
                          bit(Phase::failed) | bit(Phase::failed_cleanup) | bit(Phase::terminated);

// The one table of legal transitions: the set of phases that may follow each.
constexpr unsigned followers(Phase from) {
  switch (from) {
    case Phase::pending: return bit(Phase::provisioning) | leaving | ends;
    case Phase::provisioning:  // back to pending: the place refused, another one is tried
      return bit(Phase::pending) | bit(Phase::starting) | leaving | ends;
    case Phase::starting: return bit(Phase::ready) | leaving | ends;
    case Phase::ready: return bit(Phase::not_ready) | leaving | ends;
    case Phase::not_ready: return bit(Phase::ready) | leaving | ends;
    case Phase::draining: return bit(Phase::shutting_down) | ends;
    case Phase::shutting_down: return ends;
    case Phase::preempted: return bit(Phase::terminated) | bit(Phase::failed_cleanup);
    case Phase::failed_cleanup: return bit(Phase::terminated);
    default: return 0;
  }
}

}  // namespace

bool is_legal(Phase from, Phase to) { return (followers(from) & bit(to)) != 0; }

bool is_terminal(Phase phase) { return (ends & bit(phase)) != 0; }

bool is_failed(Phase phase) {
  return is_terminal(phase) && phase != Phase::preempted && phase != Phase::terminated;
}

bool is_live(Phase phase) {
  return phase == Phase::pending || phase == Phase::provisioning || phase == Phase::starting ||
         phase == Phase::ready || phase == Phase::not_ready;
}

const char* to_text(Phase phase) {
  switch (phase) {
    case Phase::unknown: break;
    case Phase::pending: return "PENDING";
    case Phase::provisioning: return "PROVISIONING";
    case Phase::starting: return "STARTING";
    case Phase::ready: return "READY";
    case Phase::not_ready: return "NOT_READY";
    case Phase::draining: return "DRAINING";
    case Phase::shutting_down: return "SHUTTING_DOWN";
    case Phase::preempted: return "PREEMPTED";
    case Phase::failed_provision: return "FAILED_PROVISION";
    case Phase::failed_initial_delay: return "FAILED_INITIAL_DELAY";
    case Phase::failed_probing: return "FAILED_PROBING";
    case Phase::failed: return "FAILED";
    case Phase::failed_cleanup: return "FAILED_CLEANUP";
    case Phase::terminated: return "TERMINATED";
  }
  return "UNKNOWN";
}

}  // namespace sky::core
