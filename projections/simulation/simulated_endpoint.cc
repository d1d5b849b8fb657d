#include "projections/simulation/simulated_endpoint.h"

#include <algorithm>
#include <utility>

namespace sky::projections {
namespace {

constexpr core::Duration sample_period = core::seconds(1);  // as the real endpoint's

std::uint32_t sum(const auto& batches) {
  std::uint32_t count = 0;
  for (const auto& batch : batches) count += batch.count;
  return count;
}

}  // namespace

SimulatedEndpoint::SimulatedEndpoint(const Scenario& scenario, const Model& model, Agenda& agenda,
                                     const core::Instant& now, Sink sink)
    : scenario_(scenario), model_(model), agenda_(agenda), now_(now), sink_(std::move(sink)) {}

void SimulatedEndpoint::begin() {
  sampled_at_ = now_;
  plan_slice();
}

const ServiceState* SimulatedEndpoint::service() const {
  return find_service(model_, scenario_.service);
}

std::vector<core::ReplicaId> SimulatedEndpoint::ready() const {
  std::vector<core::ReplicaId> found;
  if (const ServiceState* state = service())
    for (const auto& [id, route] : state->route.routes)
      if (route.state == core::RouteState::ready) found.push_back(id);
  return found;
}

void SimulatedEndpoint::plan_slice() {
  if (next_slice_ >= scenario_.demand.size()) return;
  agenda_.plan(std::max(now_, scenario_.demand[next_slice_].end), [this] { take_slice(); });
}

void SimulatedEndpoint::take_slice() {
  const Demand& slice = scenario_.demand[next_slice_++];
  if (service()) {
    arrive(slice.arrivals, slice.service_time);
    sample(slice.period);
  }
  plan_slice();
}

void SimulatedEndpoint::arrive(std::uint32_t count, core::Duration service_time) {
  counted_.arrivals += count;
  release_held();
  const auto to = ready();
  if (to.empty())
    hold(count, service_time);
  else
    start(count, service_time, to);
}

void SimulatedEndpoint::start(std::uint32_t count, core::Duration service_time,
                              const std::vector<core::ReplicaId>& to) {
  std::vector<std::pair<std::uint32_t, core::ReplicaId>> loads;  // a heap: the least on top
  for (const core::ReplicaId id : to) loads.emplace_back(running_on(id), id);
  const auto more = std::greater<>{};
  std::make_heap(loads.begin(), loads.end(), more);
  std::map<core::ReplicaId, std::uint32_t> shares;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::pop_heap(loads.begin(), loads.end(), more);
    ++loads.back().first;
    ++shares[loads.back().second];
    std::push_heap(loads.begin(), loads.end(), more);
  }
  for (const auto& [id, share] : shares)
    running_[id].push_back({now_ + service_time, share, service_time});
}

void SimulatedEndpoint::hold(std::uint32_t count, core::Duration service_time) {
  if (count == 0) return;
  const std::uint32_t waiting = held(), limit = service()->spec().balancer.hold_limit;
  const std::uint32_t admitted = std::min(count, limit > waiting ? limit - waiting : 0);
  shed_ += count - admitted;
  if (admitted == 0) return;
  held_.push_back({now_, admitted, service_time});
  if (waiting == 0) sink_(core::HoldReported{scenario_.service, admitted, 0, {}});
}

void SimulatedEndpoint::release_held() {
  const auto to = ready();
  if (to.empty() || held_.empty()) return;
  for (const Batch& batch : std::exchange(held_, {})) start(batch.count, batch.service_time, to);
}

void SimulatedEndpoint::give_up_held() {
  const ServiceState* state = service();
  const core::Duration patience =
      state ? state->spec().balancer.hold_timeout : core::Duration{0};  // gone: nobody will answer
  while (!held_.empty() && held_.front().at + patience <= now_) {
    shed_ += held_.front().count;
    held_.pop_front();
  }
}

void SimulatedEndpoint::finish_done() {
  for (auto& [id, batches] : running_)
    std::erase_if(batches, [&](const Batch& batch) {
      if (batch.at > now_) return false;
      counted_.completions += batch.count;
      return true;
    });
}

void SimulatedEndpoint::drop_lost() {
  const ServiceState* state = service();
  std::erase_if(running_, [&](const auto& one) {
    if (state && state->route.routes.contains(one.first)) return false;
    counted_.failures += sum(one.second);
    return true;
  });
}

void SimulatedEndpoint::report_drained() {
  const ServiceState* state = service();
  if (!state) return;
  for (const auto& [id, replica] : state->replicas) {
    if (replica.phase != core::Phase::draining || replica.drained || running_on(id) > 0) continue;
    agenda_.plan(now_, [this, replica = id] {
      sink_(core::ReplicaReported{scenario_.service, replica, core::EndpointChange::drained, {}});
    });
  }
}

void SimulatedEndpoint::follow() {
  finish_done();
  drop_lost();
  release_held();
  report_drained();
  if (is_busy()) plan_sample();
}

void SimulatedEndpoint::plan_sample() {
  if (std::exchange(is_sample_planned_, true)) return;
  agenda_.plan(std::max(now_, sampled_at_ + sample_period), [this] {
    is_sample_planned_ = false;
    if (now_ - sampled_at_ >= sample_period) sample(now_ - sampled_at_);
    if (is_busy()) plan_sample();
  });
}

void SimulatedEndpoint::sample(core::Duration period) {
  finish_done();
  give_up_held();
  const std::uint32_t shed = std::exchange(shed_, 0);
  core::TrafficSampled report = std::exchange(counted_, {});
  report.period = period;
  report.failures += shed;
  report.held = held();
  for (const auto& [id, batches] : running_) {
    report.replicas.push_back({id, sum(batches)});
    report.in_flight += sum(batches);
  }
  sampled_at_ = now_;
  if (shed > 0)
    sink_(core::HoldReported{scenario_.service, 0, shed, "no replica was ready in time"});
  sink_(core::TrafficReported{scenario_.service, std::move(report)});
  report_drained();
  if (is_busy()) plan_sample();
}

std::uint32_t SimulatedEndpoint::running_on(core::ReplicaId replica) const {
  const auto found = running_.find(replica);
  return found == running_.end() ? 0 : sum(found->second);
}

std::uint32_t SimulatedEndpoint::held() const { return sum(held_); }

bool SimulatedEndpoint::is_busy() const {
  const bool is_running = std::any_of(running_.begin(), running_.end(),
                                      [](const auto& one) { return !one.second.empty(); });
  return is_running || !held_.empty() || counted_.failures > 0;
}

}  // namespace sky::projections
