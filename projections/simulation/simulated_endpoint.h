// The endpoint of a scenario: requests in numbers, not one by one.
//
// Requests of one demand slice go to the ready replicas with the fewest running ones. While none is
// ready they are held as the service's load balancer section says, then shed. A replica that goes
// takes what ran on it along: these count as failed (a pessimistic rule: some could be repeated).
// It samples as the real one does: with every slice, and each second while anything runs or waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "core/input.h"
#include "projections/simulation/agenda.h"
#include "projections/simulation/scenario.h"

namespace sky::projections {

class SimulatedEndpoint {
 public:
  using Sink = std::function<void(core::InputBody)>;

  // All are borrowed; `model` is what step works on.
  SimulatedEndpoint(const Scenario& scenario, const Model& model, Agenda& agenda,
                    const core::Instant& now, Sink sink);

  void begin();  // the first slice is planned
  // After each step: sees what came, what left, and what is to be drained.
  void follow();

 private:
  struct Batch {
    core::Instant at;  // when they are done; of held ones: when they began to wait
    std::uint32_t count = 0;
    core::Duration service_time{0};
  };
  using Batches = std::deque<Batch>;

  const ServiceState* service() const;
  std::vector<core::ReplicaId> ready() const;
  void take_slice();
  void plan_slice();
  void plan_sample();
  void arrive(std::uint32_t count, core::Duration service_time);
  void start(std::uint32_t count, core::Duration service_time,
             const std::vector<core::ReplicaId>& to);
  void hold(std::uint32_t count, core::Duration service_time);
  void release_held();
  void give_up_held();
  void finish_done();
  void drop_lost();
  void report_drained();
  void sample(core::Duration period);
  std::uint32_t running_on(core::ReplicaId replica) const;
  std::uint32_t held() const;
  bool is_busy() const;

  const Scenario& scenario_;
  const Model& model_;
  Agenda& agenda_;
  const core::Instant& now_;
  Sink sink_;
  std::size_t next_slice_ = 0;
  std::map<core::ReplicaId, Batches> running_;
  Batches held_;
  core::TrafficSampled counted_;  // since the last sample
  std::uint32_t shed_ = 0;  // not reported yet
  core::Instant sampled_at_;
  bool is_sample_planned_ = false;
};

}  // namespace sky::projections
