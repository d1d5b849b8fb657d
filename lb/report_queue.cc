#include "lb/report_queue.h"

#include <algorithm>
#include <utility>

namespace sky::lb {

core::TrafficSampled merged(const core::TrafficSampled& earlier,
                            const core::TrafficSampled& later) {
  core::TrafficSampled sum = later;  // in flight and held are those of now
  sum.period += earlier.period;
  sum.arrivals += earlier.arrivals;
  sum.completions += earlier.completions;
  sum.failures += earlier.failures;
  sum.retries += earlier.retries;
  sum.latency_p50 = std::max(sum.latency_p50, earlier.latency_p50);
  sum.latency_p90 = std::max(sum.latency_p90, earlier.latency_p90);
  sum.latency_p99 = std::max(sum.latency_p99, earlier.latency_p99);
  return sum;
}

void ReportQueue::add(core::InputBody report) {
  if (live_ && send_(report)) return;
  live_ = false;
  gather(report);
}

void ReportQueue::gather(const core::InputBody& report) {
  if (const auto* traffic = std::get_if<core::TrafficReported>(&report)) {
    const auto [found, is_new] = traffic_.emplace(traffic->service, *traffic);
    if (!is_new) found->second.sample = merged(found->second.sample, traffic->sample);
  } else if (const auto* hold = std::get_if<core::HoldReported>(&report)) {
    const auto [found, is_new] = holds_.emplace(hold->service, *hold);
    if (is_new) return;
    found->second.shed += hold->shed;
    found->second.waiting = hold->waiting;
    found->second.reason = hold->reason;
  }
}

void ReportQueue::set_live(bool live) {
  live_ = live;
  if (!live) return;
  for (auto& [service, report] : std::exchange(traffic_, {})) add(std::move(report));
  for (auto& [service, report] : std::exchange(holds_, {})) {
    core::HoldReported shed = report;
    shed.waiting = 0;  // those who wait now are told anew
    if (shed.shed > 0) add(std::move(shed));
  }
}

void ReportQueue::forget(const core::ServiceName& service) {
  traffic_.erase(service);
  holds_.erase(service);
}

}  // namespace sky::lb
