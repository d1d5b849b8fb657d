#include "projections/service_score.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/autoscale_request_rate.h"
#include "projections/costs.h"

namespace sky::projections {
namespace {

constexpr std::int64_t whole = 100'000;

void let_time_pass(ServiceScore& score, core::Duration passed, std::uint32_t target,
                   std::uint32_t ready) {
  if (target == 0) return;
  score.wanted += passed;
  score.target_time += passed * target;
  score.ready_time += passed * ready;
  if (ready >= target) score.at_target += passed;
  if (ready == 0) score.nothing_ready += passed;
}

Ledger spent_by(const ServiceState* service, core::Instant now) {
  if (!service) return {};
  const CostReport cost = cost_of(*service, now);
  return {cost.spent, cost.all_on_demand};
}

}  // namespace

std::int64_t ServiceScore::availability() const {
  if (wanted.count() == 0) return whole;
  // Split, so that a year in microseconds stays inside 64 bits.
  const std::int64_t of = std::max<std::int64_t>(1, wanted.count() / whole);
  return std::min(whole, at_target.count() / of);
}

ServiceScoreFold::ServiceScoreFold(core::ServiceName service, Model before, core::Instant begin,
                                   MeantFor meant_for)
    : service_(std::move(service)),
      model_(std::move(before)),
      meant_for_(meant_for),
      looked_(begin),
      before_(spent_by(this->service(), begin)) {
  const ServiceState* state = this->service();
  if (!state) return;
  target_ = state->target;
  ready_ = ready_count(*state);
  for (const auto& [id, replica] : state->replicas) {
    attempts_[id] = replica.attempt;
    if (replica.notice_deadline) noticed_.insert(id);
  }
}

const ServiceState* ServiceScoreFold::service() const { return find_service(model_, service_); }

void ServiceScoreFold::add(const core::Event& event) {
  if (event.service != service_) return evolve(model_, event);
  let_time_pass(score_, event.time.at - std::exchange(looked_, event.time.at), target_, ready_);
  if (const auto* sample = std::get_if<core::TrafficSampled>(&event.body))
    note_traffic(*sample, event.time.at);
  else
    note_replica(event);
  if (std::holds_alternative<core::ServiceRemoved>(event.body)) {
    const Ledger last = spent_by(service(), event.time.at);
    removed_.spent += last.spent;
    removed_.all_on_demand += last.all_on_demand;
  }
  evolve(model_, event);
  const ServiceState* state = service();
  target_ = state && !state->removal_requested ? state->target : 0;
  ready_ = state ? ready_count(*state) : 0;
}

void ServiceScoreFold::note_replica(const core::Event& event) {
  if (const auto* intent = std::get_if<core::LaunchIntended>(&event.body)) {
    std::uint32_t& attempt = attempts_[event.replica];
    if (intent->attempt > attempt) ++score_.launches;
    attempt = std::max(attempt, intent->attempt);
  }
  if (std::holds_alternative<core::ProvisionFailed>(event.body)) ++score_.refused;
  const bool is_taken = std::holds_alternative<core::PreemptionNoticed>(event.body) ||
                        std::holds_alternative<core::ReplicaPreempted>(event.body);
  if (is_taken && noticed_.insert(event.replica).second) ++score_.preemptions;
}

void ServiceScoreFold::note_traffic(const core::TrafficSampled& sample, core::Instant now) {
  score_.arrived += sample.arrivals;
  score_.failed += sample.failures;
  if (ready_ == 0) score_.waited += sample.arrivals;
  if (meant_for_.rate.value == 0) return;
  window_.push_back({now, sample.arrivals});
  while (now - window_.front().at >= meant_for_.window && window_.size() > 1) window_.pop_front();
  if (ready_ == 0) return;  // they wait
  std::uint64_t in_window = 0;
  for (const Arrivals& one : window_) in_window += one.count;
  if (core::rate_of(in_window, meant_for_.window).value > meant_for_.rate.value * ready_)
    score_.crowded += sample.arrivals;
}

ServiceScore ServiceScoreFold::end(core::Instant now) const {
  ServiceScore score = score_;
  let_time_pass(score, now - looked_, target_, ready_);
  const Ledger last = spent_by(service(), now);
  const auto over_time = [](core::Money gone, core::Money now_there, core::Money at_first) {
    return core::Money{gone.nano_usd + now_there.nano_usd - at_first.nano_usd};
  };
  score.spent = over_time(removed_.spent, last.spent, before_.spent);
  score.all_on_demand =
      over_time(removed_.all_on_demand, last.all_on_demand, before_.all_on_demand);
  return score;
}

}  // namespace sky::projections
