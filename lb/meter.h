// What one service's endpoint did: the sample of the present second, and totals since the start.
//
// The per-replica counts are not here: they are exact elsewhere (in_flight.h) and put in by the
// service. Loop thread.
#pragma once

#include <array>
#include <cstdint>

#include "core/event.h"
#include "lb/latency_histogram.h"

namespace sky::lb {

// How a request ended, for the access log and the metrics.
enum class Cause : std::uint8_t {
  ok,  // a whole response was passed on, whatever its status
  bad_request,  // refused before it was forwarded
  client_timeout,  // head or body did not come in time
  client_gone,  // the client left, or stopped reading
  hold_expired,
  hold_full,
  connect_failed,  // no replica could be reached
  replica_lost,  // broke off before its response began
  replica_silent,  // longer than stream_timeout
  bad_response,  // not HTTP
  stream_cut,  // broke off within the response
  drain_deadline,  // cut because its replica goes away
  stopping,  // this process ends
  retry_limited,  // too many others were being repeated, for too long
  unauthorized,  // no API key, or a wrong one
};
inline constexpr std::size_t cause_count = 15;
const char* to_text(Cause cause);

// What was counted since the last time, of one loop or of several.
struct MeterPart {
  core::TrafficSampled sample;  // less its period and percentiles
  LatencyHistogram latency;
  void add(const MeterPart& other);
  core::TrafficSampled over(core::Duration period) const;  // the whole sample
};

class Meter {
 public:
  void arrived() { ++part_.sample.arrivals, ++totals_.requests; }
  void retried() { ++part_.sample.retries, ++totals_.retries; }
  void shed(std::uint32_t count) { totals_.shed += count; }
  void ended(Cause cause, int status, core::Duration took, core::Duration first_byte);
  void moved(std::uint64_t bytes_out) { totals_.bytes_out += bytes_out; }

  // The sample so far, in flight and held left out; starts the next one.
  core::TrafficSampled take_sample(core::Duration period) { return take_part().over(period); }
  MeterPart take_part();

  struct Totals {
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
    std::uint64_t shed = 0;
    std::uint64_t bytes_out = 0;
    std::array<std::uint64_t, 6> by_status_class{};  // [2] is 2xx; [0]: none was sent
    std::array<std::uint64_t, cause_count> by_cause{};
    LatencyHistogram latency;
    LatencyHistogram first_byte;
    void add(const Totals& other);
  };
  const Totals& totals() const { return totals_; }

 private:
  MeterPart part_;
  Totals totals_;
};

}  // namespace sky::lb
