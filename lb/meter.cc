#include "lb/meter.h"

#include <algorithm>
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
      ++part_.sample.completions;
      part_.latency.add(took);
      totals_.latency.add(took);
      totals_.first_byte.add(first_byte);
      break;
    case Cause::client_gone:
    case Cause::client_timeout:
    case Cause::unauthorized:
    case Cause::bad_request: break;  // no fault of the service
    default: ++part_.sample.failures;
  }
}

MeterPart Meter::take_part() { return std::exchange(part_, {}); }

void Meter::Totals::add(const Totals& other) {
  requests += other.requests;
  retries += other.retries;
  shed += other.shed;
  bytes_out += other.bytes_out;
  for (std::size_t i = 0; i < by_status_class.size(); ++i) {
    by_status_class[i] += other.by_status_class[i];
  }
  for (std::size_t i = 0; i < by_cause.size(); ++i) by_cause[i] += other.by_cause[i];
  latency.add(other.latency);
  first_byte.add(other.first_byte);
}

void MeterPart::add(const MeterPart& other) {
  const core::TrafficSampled& more = other.sample;
  sample.arrivals += more.arrivals;
  sample.completions += more.completions;
  sample.failures += more.failures;
  sample.retries += more.retries;
  sample.in_flight += more.in_flight;
  sample.held += more.held;
  for (const core::ReplicaLoad& load : more.replicas) {
    const auto same = [&](const core::ReplicaLoad& known) { return known.replica == load.replica; };
    const auto known = std::find_if(sample.replicas.begin(), sample.replicas.end(), same);
    if (known == sample.replicas.end()) {
      sample.replicas.push_back(load);
    } else {
      known->in_flight += load.in_flight;
    }
  }
  latency.add(other.latency);
}

core::TrafficSampled MeterPart::over(core::Duration period) const {
  core::TrafficSampled whole = sample;
  whole.period = period;
  if (latency.total() == 0) return whole;
  whole.latency_p50 = latency.quantile(500);
  whole.latency_p90 = latency.quantile(900);
  whole.latency_p99 = latency.quantile(990);
  return whole;
}

}  // namespace sky::lb
