// Reports on their way to the daemon; while it is away, what must not be lost of them.
//
// Away: traffic is summed per service, so that no arrival is forgotten, held and shed counts too;
// everything else is dropped, because Balancer::report_again() tells it when the daemon is back.
// Bounded by the number of services. Loop thread.
#pragma once

#include <functional>
#include <map>

#include "core/input.h"

namespace sky::lb {

class ReportQueue {
 public:
  using Send = std::function<bool(const core::InputBody&)>;  // false: it did not leave

  explicit ReportQueue(Send send) : send_(std::move(send)) {}

  void add(core::InputBody report);
  void set_live(bool live);  // true: sends what was gathered
  bool is_live() const { return live_; }
  void forget(const core::ServiceName& service);  // it was removed

 private:
  void gather(const core::InputBody& report);

  Send send_;
  bool live_ = false;
  std::map<core::ServiceName, core::TrafficReported> traffic_;
  std::map<core::ServiceName, core::HoldReported> holds_;
};

// What two samples say together; `later` is the newer one. Latencies: the greater, to be careful.
core::TrafficSampled merged(const core::TrafficSampled& earlier, const core::TrafficSampled& later);

}  // namespace sky::lb
