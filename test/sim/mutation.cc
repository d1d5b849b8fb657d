#include "test/sim/mutation.h"

namespace sky::sim {

const char* to_text(Mutation mutation) {
  switch (mutation) {
    case Mutation::none: return "none";
    case Mutation::log_lies: return "log_lies";
    case Mutation::token_not_repeated: return "token_not_repeated";
    case Mutation::sweep_skipped: return "sweep_skipped";
    case Mutation::sweep_blind: return "sweep_blind";
    case Mutation::timer_ignored: return "timer_ignored";
    case Mutation::fold_order_changed: return "fold_order_changed";
    case Mutation::answer_dropped: return "answer_dropped";
    case Mutation::termination_faked: return "termination_faked";
    case Mutation::secret_told: return "secret_told";
    case Mutation::drain_not_told: return "drain_not_told";
    case Mutation::mark_ahead: return "mark_ahead";
    case Mutation::truncation_too_far: return "truncation_too_far";
    case Mutation::in_flight_lost: return "in_flight_lost";
  }
  return "unknown";
}

}  // namespace sky::sim
