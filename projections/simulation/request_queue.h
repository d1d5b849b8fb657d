// What requests would have met, had these replicas served that load: a queueing model.
//
//   - requests arrive at the rate of the series (Poisson) and wait in one queue, first come first
//     served; a replica runs `slots` of them at once, each for `service` on the mean (exponential)
//   - calm, with c = slots * ready and a = rate * service < c and an empty queue: the share that
//     waits is Erlang's C(c, a); their waits are exponential with mean service / (c - a)
//   - otherwise the queue is a fluid that is filled at the rate and emptied at c / service
//   - who waits longer than `patience` fails; so do those that ran on a machine that was taken
//   - latency is the wait and the mean service time
// Erlang's formula: any text on queueing, M/M/c. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "projections/simulation/load_series.h"

namespace sky::projections {

// The defaults are those of the SkyServe paper's simulation.
struct RequestModel {
  core::Duration service = core::seconds(10);
  std::uint32_t slots = 1;
  core::Duration patience = core::seconds(100);
};

struct RequestScore {
  double arrived = 0;
  double waited = 0;  // those that failed waiting included
  double failed = 0;
  core::Duration mean{0}, p50{0}, p90{0}, p99{0};  // latency of those that did not fail
};

// The share of requests that wait; 1 from a >= c on.
double erlang_c(std::uint32_t servers, double load);

class RequestQueue {
 public:
  // Borrows the load. What happens before `from` is not counted.
  RequestQueue(const RequestModel& model, const LoadSeries& load, core::Duration from);

  // In order of time: from then on.
  void serve(const ReadySpan& span);
  RequestScore finish(core::Duration end);

 private:
  struct Parcel {
    core::Duration arrived{0};
    double requests = 0;
  };

  void run_until(core::Duration end);
  void run_calm(core::Duration begin, core::Duration end, double rate);
  void run_queue(core::Duration begin, core::Duration end, double rate);
  void answer(double wait_seconds, double requests, core::Duration at);
  core::Duration quantile(double share) const;

  RequestModel model_;
  const LoadSeries& load_;
  core::Duration from_;
  core::Duration now_{0};
  std::uint32_t ready_ = 0;
  std::deque<Parcel> queue_;
  std::vector<double> waits_;  // of those that did not fail, by tenths of a second
  double wait_sum_ = 0;
  RequestScore score_;
};

}  // namespace sky::projections
