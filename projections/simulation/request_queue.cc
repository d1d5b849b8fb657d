#include "projections/simulation/request_queue.h"

#include <algorithm>
#include <cmath>

namespace sky::projections {
namespace {

using core::Duration;

constexpr Duration fluid_step = core::seconds(1);
constexpr int wait_points = 16;  // an exponential wait is counted at so many quantiles

double seconds_of(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }
Duration duration_of(double seconds) { return Duration(std::llround(seconds * 1e6)); }

}  // namespace

double erlang_c(std::uint32_t servers, double load) {
  if (load >= servers) return 1;
  double blocked = 1;  // Erlang's B, by its recursion
  for (std::uint32_t n = 1; n <= servers; ++n) blocked = load * blocked / (n + load * blocked);
  return blocked / (1 - load / servers * (1 - blocked));
}

RequestQueue::RequestQueue(const RequestModel& model, const LoadSeries& load, Duration from)
    : model_(model), load_(load), from_(from) {
  waits_.resize(static_cast<std::size_t>(seconds_of(model.patience) * 10) + 1);
}

void RequestQueue::serve(const ReadySpan& span) {
  run_until(span.begin);
  const double running = load_.rate_at(span.begin) * seconds_of(model_.service);
  const double each = std::min<double>(model_.slots, running / std::max(ready_, 1U));
  if (span.begin >= from_) score_.failed += span.taken * each;
  ready_ = span.on_demand;
  for (const std::uint32_t count : span.spot) ready_ += count;
}

void RequestQueue::run_until(Duration end) {
  while (now_ < end) {
    const Duration next = std::min(end, (now_ / load_.gap + 1) * load_.gap);
    const double rate = load_.rate_at(now_);
    const double servers = static_cast<double>(ready_) * model_.slots;
    if (queue_.empty() && rate * seconds_of(model_.service) < servers) {
      run_calm(now_, next, rate);
      now_ = next;
    } else {
      const Duration step = std::min(next, now_ + fluid_step);
      run_queue(now_, step, rate);
      now_ = step;
    }
  }
}

void RequestQueue::run_calm(Duration begin, Duration end, double rate) {
  if (begin < from_) begin = std::min(from_, end);
  const double requests = rate * seconds_of(end - begin);
  if (requests <= 0) return;
  const std::uint32_t servers = ready_ * model_.slots;
  const double load = rate * seconds_of(model_.service);
  const double waiting = requests * erlang_c(servers, load);
  score_.arrived += requests;
  score_.waited += waiting;
  answer(0, requests - waiting, begin);
  const double mean = seconds_of(model_.service) / (servers - load);
  for (int point = 0; point < wait_points; ++point)
    answer(-mean * std::log(1 - (point + 0.5) / wait_points), waiting / wait_points, begin);
}

void RequestQueue::run_queue(Duration begin, Duration end, double rate) {
  const double requests = rate * seconds_of(end - begin);
  if (requests > 0) queue_.push_back({begin, requests});
  if (begin >= from_) {
    score_.arrived += requests;
    score_.waited += requests;
  }
  double room = seconds_of(end - begin) * ready_ * model_.slots / seconds_of(model_.service);
  while (!queue_.empty() && room > 0) {
    Parcel& first = queue_.front();
    const double served = std::min(room, first.requests);
    answer(seconds_of(begin - first.arrived), served, first.arrived);
    room -= served;
    first.requests -= served;
    if (first.requests <= 0) queue_.pop_front();
  }
  while (!queue_.empty() && end - queue_.front().arrived > model_.patience) {
    answer(seconds_of(end - queue_.front().arrived), queue_.front().requests,
           queue_.front().arrived);
    queue_.pop_front();
  }
}

void RequestQueue::answer(double wait_seconds, double requests, Duration at) {
  if (at < from_) return;
  if (wait_seconds > seconds_of(model_.patience)) {
    score_.failed += requests;
    return;
  }
  waits_[std::min(waits_.size() - 1, static_cast<std::size_t>(wait_seconds * 10))] += requests;
  wait_sum_ += wait_seconds * requests;
}

Duration RequestQueue::quantile(double share) const {
  double all = 0, seen = 0;
  for (const double requests : waits_) all += requests;
  if (all <= 0) return Duration{0};
  for (std::size_t tenth = 0; tenth < waits_.size(); ++tenth) {
    seen += waits_[tenth];
    if (seen >= share * all)
      return model_.service + core::milliseconds(static_cast<std::int64_t>(tenth) * 100);
  }
  return model_.service + model_.patience;
}

RequestScore RequestQueue::finish(Duration end) {
  run_until(end);
  double served = 0;
  for (const double requests : waits_) served += requests;
  if (served > 0) score_.mean = model_.service + duration_of(wait_sum_ / served);
  score_.p50 = quantile(0.5);
  score_.p90 = quantile(0.9);
  score_.p99 = quantile(0.99);
  return score_;
}

}  // namespace sky::projections
