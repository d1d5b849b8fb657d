#include "lb/service.h"

#include <algorithm>
#include <utility>

#include "lb/exchange.h"

namespace sky::lb {
namespace {

constexpr std::int64_t default_retry_after_seconds = 10;  // guess: nothing is known
constexpr std::int64_t max_retry_after_seconds = 600;

}  // namespace

Service::Service(Worker& worker, core::ServiceName name, Report report,
                 std::shared_ptr<SharedService> shared)
    : worker_(worker),
      name_(std::move(name)),
      report_(std::move(report)),
      shared_(std::move(shared)) {
  shared_->join(worker_.index, [&reactor = worker_.reactor(),
                                self = std::weak_ptr(self_)](SharedService::Task task) {
    reactor.post([self, task = std::move(task)] {
      const auto service = self.lock();
      if (service) task(**service);
    });
  });
}

Service::~Service() = default;

void Service::update(const core::RoutedService& routed) {
  routed_ = routed;
  picker_.set_policy(routed.balancer.policy);
  keys_.set_source(routed.balancer.api_keys_file, routed.balancer.api_keys_env);
  for (const auto& [id, route] : routed.routes) {
    std::unique_ptr<Replica>& replica = replicas_[id];
    if (!replica) replica = std::make_unique<Replica>(worker_, *this, id, shared_->replica(id));
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

Service::Choice Service::choose(std::span<const core::ReplicaId> tried, const AffinityKey& key) {
  if (!is_releasing_ && shared_->held.value() > 0) return {};
  candidates_.clear();
  candidate_replicas_.clear();
  for (Replica* replica : choosable_) {
    if (!replica->has_room()) continue;
    candidates_.push_back(
        {replica->id(), replica->total_load(), weight_of(replica->route()), replica->share()});
    candidate_replicas_.push_back(replica);
  }
  if (candidates_.empty()) return {};
  PickReason reason = PickReason::none;
  std::optional<std::size_t> place = home_of_request(tried, key, reason);
  if (!place) {
    place = picker_.pick(candidates_, tried);
    if (!place) return {};
    if (reason == PickReason::none) reason = picker_.reason();
  }
  shared_->prefix_owners.remember(key.prefix, candidates_[*place].replica);
  if (candidates_.size() == 1) reason = PickReason::only_one;
  return {candidate_replicas_[*place], reason};
}

// Where it belongs, if anywhere, and that one was not tried and has not too much to do.
std::optional<std::size_t> Service::home_of_request(std::span<const core::ReplicaId> tried,
                                                    const AffinityKey& key, PickReason& reason) {
  std::optional<std::size_t> place;
  if (key.has_session) place = home_of(key.session, candidates_);
  if (!key.prefix.empty()) place = shared_->prefix_owners.find(key.prefix, candidates_);
  if (!place) return place;
  const Candidate& home = candidates_[*place];
  if (std::find(tried.begin(), tried.end(), home.replica) != tried.end()) return std::nullopt;
  if (is_overloaded(home, candidates_)) {
    reason = PickReason::affinity_loaded;
    return std::nullopt;
  }
  reason = key.has_session ? PickReason::session : PickReason::prefix;
  return place;
}

bool Service::has_other(core::ReplicaId than, std::span<const core::ReplicaId> tried) const {
  return std::any_of(choosable_.begin(), choosable_.end(), [&](const Replica* replica) {
    const bool was_tried = std::find(tried.begin(), tried.end(), replica->id()) != tried.end();
    return replica->id() != than && !was_tried && replica->has_room();
  });
}

InFlight::Token Service::enter_retry() {
  constexpr std::uint32_t least = 3;
  constexpr std::uint32_t share = 5;
  std::uint32_t running = 0;
  for (const auto& [id, replica] : replicas_) running += replica->total_load();
  return retries_.try_enter(std::max(least, running / share));
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
  const auto find_all = [this] {
    choosable_.clear();
    for (const auto& [id, replica] : replicas_) {
      if (replica && replica->can_be_chosen()) choosable_.push_back(replica.get());
    }
  };
  find_all();
  if (choosable_.empty()) {  // one that fails is better than none
    for (const auto& [id, replica] : replicas_) {
      if (replica) replica->pardon();
    }
    find_all();
  }
  release_held();
}

// Half of the replicas may be out for their failures, and never the last one.
bool Service::may_fail(core::ReplicaId id) const {
  std::size_t failing = 0;
  for (const auto& [other, replica] : replicas_)
    failing += replica && replica->is_failing() ? 1 : 0;
  return has_other(id, {}) && 2 * (failing + 1) <= failing + choosable_.size();
}

bool Service::can_choose() const {
  return std::any_of(choosable_.begin(), choosable_.end(),
                     [](const Replica* replica) { return replica->has_room(); });
}

void Service::release_held() {
  if (std::exchange(is_releasing_, true)) return;
  // Only those who wait now: a request that has to wait again does not go round in here.
  for (std::size_t count = held_.size(); count > 0 && !held_.empty() && can_choose(); --count) {
    Exchange& exchange = *held_.front();
    if (!shared_->is_first(exchange.hold_ticket)) break;
    leave_hold(exchange);
    exchange.leave_hold();
  }
  is_releasing_ = false;
  wake_others();
}

// Whoever waits for longest is woken if there may be room for it.
void Service::wake_others() {
  if (!is_releasing_ && shared_->held.value() > 0 && can_choose()) shared_->wake_oldest();
}

void Service::on_woken() {
  shared_->woken(worker_.index);
  release_held();
}

// In a turn of its own: whoever let go is in the middle of something.
void Service::on_slot_free() {
  if (shared_->held.value() > 0) shared_->wake_oldest();
}

void Service::on_replica_trouble(core::ReplicaId id, Trouble trouble) {
  shared_->post_to_others(worker_.index, [id, trouble](Service& service) {
    const auto found = service.replicas_.find(id);
    if (found != service.replicas_.end()) found->second->on_trouble_elsewhere(trouble);
  });
}

// ---- what exchanges saw

void Service::note_outcome(core::ReplicaId id, bool good) {
  const auto found = replicas_.find(id);
  if (found != replicas_.end()) found->second->note_outcome(good);
}

void Service::note_first_byte(core::ReplicaId id, core::Duration took) {
  const auto found = replicas_.find(id);
  ModelTotals& totals = found == replicas_.end() ? gone_totals_ : found->second->model_totals();
  totals.first_byte.add(took);
}

void Service::note_piece(core::ReplicaId id, TokenMeter& meter, std::string_view piece,
                         core::Duration now) {
  const auto found = replicas_.find(id);
  meter.feed(piece, now, found == replicas_.end() ? gone_totals_ : found->second->model_totals());
}

void Service::count_tokens(core::ReplicaId id, const TokenCounts& counts) {
  if (counts == TokenCounts{}) return;
  const auto found = replicas_.find(id);
  ModelTotals& totals = found == replicas_.end() ? gone_totals_ : found->second->model_totals();
  totals.tokens.in += counts.in;
  totals.tokens.out += counts.out;
}

ModelTotals Service::model_totals() const {
  ModelTotals sum = gone_totals_;
  for (const auto& [id, replica] : replicas_) sum.add(replica->model_totals());
  return sum;
}

void Service::on_replica_changed(core::ReplicaId replica, core::EndpointChange change,
                                 const std::string& reason) {
  report_(core::ReplicaReported{name_, replica, change, reason});
}

void Service::on_replica_unused(core::ReplicaId id) {
  const auto found = replicas_.find(id);
  gone_totals_.add(found->second->model_totals());
  worker_.bury(std::move(found->second));
  replicas_.erase(found);
}

bool Service::hold(Exchange& exchange) {
  if (!shared_->held.try_add(routed_.balancer.hold_limit)) return false;
  exchange.hold_ticket = shared_->next_ticket();
  exchange.place_in_hold = held_.insert(held_.end(), &exchange);
  if (held_.size() == 1) {
    shared_->set_oldest(worker_.index, exchange.hold_ticket);
    report_hold();
  }
  wake_others();  // another loop may have made room before it saw us wait
  return true;
}

void Service::leave_hold(Exchange& exchange) {
  held_.erase(exchange.place_in_hold);
  shared_->set_oldest(worker_.index,
                      held_.empty() ? SharedService::nobody : held_.front()->hold_ticket);
  shared_->held.remove();
  wake_others();  // who waits elsewhere may have waited for this one
}

void Service::count_shed(Cause cause) {
  meter_.shed(1);
  ++(cause == Cause::hold_full ? shed_by_limit_ : shed_by_timeout_);
}

// At once, because somebody may have to start a replica; but not more than once a second.
void Service::report_hold() {
  if (shared_->hold_reported.exchange(true)) {
    shared_->hold_unreported = true;
    return;
  }
  const char* reason =
      choosable_.empty() ? "no replica is ready" : "every replica has max_concurrency_per_replica";
  report_(core::HoldReported{name_, shared_->held.value(), 0, reason});
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

MeterPart Service::on_second() {
  keys_.look();
  report_sheds();
  if (worker_.index == 0) {
    shared_->hold_reported = false;
    if (shared_->hold_unreported.exchange(false) && shared_->held.value() > 0) report_hold();
  }
  MeterPart part = meter_.take_part();
  part.sample.in_flight = in_flight();
  part.sample.held = held();
  for (const auto& [id, replica] : replicas_) {
    if (replica->load() > 0) part.sample.replicas.push_back({id, replica->load()});
  }
  return part;
}

void Service::report_again() {
  for (const auto& [id, replica] : replicas_) replica->report_again();
  if (worker_.index == 0 && shared_->held.value() > 0) report_hold();
}

}  // namespace sky::lb
