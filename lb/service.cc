#include "lb/service.h"

#include <algorithm>
#include <utility>

#include "lb/exchange.h"

namespace sky::lb {
namespace {

constexpr std::int64_t default_retry_after_seconds = 10;  // guess: nothing is known
constexpr std::int64_t max_retry_after_seconds = 600;

}  // namespace

Service::Service(Worker& worker, core::ServiceName name, Report report)
    : worker_(worker), name_(std::move(name)), report_(std::move(report)) {}

Service::~Service() = default;

void Service::update(const core::RoutedService& routed) {
  routed_ = routed;
  picker_.set_policy(routed.balancer.policy);
  for (const auto& [id, route] : routed.routes) {
    std::unique_ptr<Replica>& replica = replicas_[id];
    if (!replica) replica = std::make_unique<Replica>(worker_, *this, id);
    replica->update(route);
  }
  std::vector<Replica*> gone;
  for (const auto& [id, replica] : replicas_) {
    if (!routed.routes.contains(id)) gone.push_back(replica.get());
  }
  for (Replica* replica : gone) replica->remove();
}

void Service::stop() {
  core::RoutedService empty = routed_;
  empty.routes.clear();
  update(empty);
  while (!held_.empty()) {
    Exchange& exchange = *held_.front();
    leave_hold(exchange);
    exchange.on_shutdown();
  }
}

Replica* Service::choose(std::span<const core::ReplicaId> tried) {
  candidates_.clear();
  for (Replica* replica : choosable_) {
    candidates_.push_back({replica->id(), replica->load(), weight_of(replica->route())});
  }
  const auto place = picker_.pick(candidates_, tried);
  return place ? choosable_[*place] : nullptr;
}

std::int64_t Service::weight_of(const core::Route& route) const {
  const auto& targets = routed_.target_qps_per_accelerator;
  if (targets.empty()) return 1;
  auto found = targets.find(route.accelerator);
  if (found == targets.end()) found = targets.find(route.accelerator + ":1");
  if (found == targets.end()) {  // the weakest is the careful guess
    found = std::min_element(targets.begin(), targets.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
  }
  return std::max<std::int64_t>(found->second.value, 1);
}

void Service::on_choice_changed() {
  choosable_.clear();
  for (const auto& [id, replica] : replicas_) {
    if (replica && replica->can_be_chosen()) choosable_.push_back(replica.get());
  }
  // Only those who wait now: a request that has to wait again does not go round in here.
  for (std::size_t count = held_.size(); count > 0 && !choosable_.empty() && !held_.empty();
       --count) {
    Exchange& exchange = *held_.front();
    leave_hold(exchange);
    exchange.leave_hold();
  }
}

void Service::on_replica_changed(core::ReplicaId replica, core::EndpointChange change,
                                 const std::string& reason) {
  report_(core::ReplicaReported{name_, replica, change, reason});
}

void Service::on_replica_unused(core::ReplicaId id) {
  const auto found = replicas_.find(id);
  worker_.bury(std::move(found->second));
  replicas_.erase(found);
}

bool Service::hold(Exchange& exchange) {
  if (held_.size() >= routed_.balancer.hold_limit) return false;
  exchange.place_in_hold = held_.insert(held_.end(), &exchange);
  if (held_.size() == 1) report_hold();
  return true;
}

void Service::leave_hold(Exchange& exchange) { held_.erase(exchange.place_in_hold); }

void Service::count_shed(Cause cause) {
  meter_.shed(1);
  ++(cause == Cause::hold_full ? shed_by_limit_ : shed_by_timeout_);
}

// At once, because somebody may have to start a replica; but not more than once a second.
void Service::report_hold() {
  if (std::exchange(hold_reported_, true)) {
    hold_unreported_ = true;
    return;
  }
  report_(core::HoldReported{name_, held(), 0, "no replica is ready"});
}

void Service::report_sheds() {
  const std::uint32_t timeouts = std::exchange(shed_by_timeout_, 0);
  const std::uint32_t limits = std::exchange(shed_by_limit_, 0);
  if (timeouts > 0) report_(core::HoldReported{name_, 0, timeouts, "waited for hold_timeout"});
  if (limits > 0) report_(core::HoldReported{name_, 0, limits, "more than hold_limit waited"});
}

std::int64_t Service::retry_after_seconds() const {
  if (routed_.next_ready == core::WallTime{}) return default_retry_after_seconds;
  const std::int64_t left = core::whole_seconds(routed_.next_ready - worker_.wall()) + 1;
  return std::clamp<std::int64_t>(left, 1, max_retry_after_seconds);
}

std::uint32_t Service::in_flight() const {
  std::uint32_t sum = 0;
  for (const auto& [id, replica] : replicas_) sum += replica->load();
  return sum;
}

void Service::on_second(core::Duration period) {
  report_sheds();
  hold_reported_ = false;
  if (std::exchange(hold_unreported_, false) && !held_.empty()) report_hold();

  core::TrafficSampled sample = meter_.take_sample(period);
  sample.in_flight = in_flight();
  sample.held = held();
  for (const auto& [id, replica] : replicas_) {
    if (replica->load() > 0) sample.replicas.push_back({id, replica->load()});
  }
  const bool is_zero = sample.arrivals == 0 && sample.completions == 0 && sample.failures == 0 &&
                       sample.in_flight == 0 && sample.held == 0;
  const bool is_needed = !is_zero || !last_sample_was_zero_;
  last_sample_was_zero_ = is_zero;
  if (is_needed) report_(core::TrafficReported{name_, sample});
}

void Service::report_again() {
  for (const auto& [id, replica] : replicas_) replica->report_again();
  if (!held_.empty()) report_hold();
}

}  // namespace sky::lb
