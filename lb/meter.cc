#include "lb/meter.h"

#include <utility>

namespace sky::lb {

const char* to_text(Cause cause) {
  switch (cause) {
    case Cause::ok: return "ok";
    case Cause::bad_request: return "bad_request";
    case Cause::client_timeout: return "client_timeout";
    case Cause::client_gone: return "client_gone";
    case Cause::hold_expired: return "hold_expired";
    case Cause::hold_full: return "hold_full";
    case Cause::connect_failed: return "connect_failed";
    case Cause::replica_lost: return "replica_lost";
    case Cause::replica_silent: return "replica_silent";
    case Cause::bad_response: return "bad_response";
    case Cause::stream_cut: return "stream_cut";
    case Cause::drain_deadline: return "drain_deadline";
    case Cause::stopping: return "stopping";
    case Cause::retry_limited: return "retry_limited";
    case Cause::unauthorized: return "unauthorized";
  }
  return "?";
}

void Meter::ended(Cause cause, int status, core::Duration took, core::Duration first_byte) {
  const auto status_class = static_cast<std::size_t>(status / 100);
  ++totals_.by_status_class[status_class < totals_.by_status_class.size() ? status_class : 0];
  ++totals_.by_cause[static_cast<std::size_t>(cause)];
  switch (cause) {
    case Cause::ok:
      ++sample_.completions;
      latency_.add(took);
      totals_.latency.add(took);
      totals_.first_byte.add(first_byte);
      break;
    case Cause::client_gone:
    case Cause::client_timeout:
    case Cause::unauthorized:
    case Cause::bad_request: break;  // no fault of the service
    default: ++sample_.failures;
  }
}

core::TrafficSampled Meter::take_sample(core::Duration period) {
  core::TrafficSampled taken = std::exchange(sample_, {});
  taken.period = period;
  if (latency_.total() > 0) {
    taken.latency_p50 = latency_.quantile(500);
    taken.latency_p90 = latency_.quantile(900);
    taken.latency_p99 = latency_.quantile(990);
    latency_.clear();
  }
  return taken;
}

}  // namespace sky::lb
