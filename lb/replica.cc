#include "lb/replica.h"

#include <algorithm>
#include <utility>

#include "lb/exchange.h"

namespace sky::lb {
namespace {

constexpr const char* readmitted_text = "it accepts connections again";
constexpr const char* pardoned_text = "it is tried again";
constexpr const char* drained_text = "no request runs on it";

}  // namespace

Replica::Replica(Worker& worker, ReplicaOwner& owner, core::ReplicaId id,
                 std::shared_ptr<SharedReplica> shared)
    : worker_(worker),
      owner_(owner),
      id_(id),
      shared_(std::move(shared)),
      in_flight_(*this, shared_->in_flight),
      reconnect_(worker.deadlines, *this),
      drain_(worker.deadlines, *this),
      failing_end_(worker.deadlines, *this) {}

Replica::~Replica() {
  set_drained(false);
  set_out(ejected_, false, {}, false);
  set_out(failing_, false, {}, false);
}

bool Replica::can_be_chosen() const {
  return !removed_ && !ejected_ && !failing_ && route_.state == core::RouteState::ready && address_;
}

void Replica::update(const core::Route& route) {
  if (!removed_ && route == route_) return;
  const bool moved = route.host != route_.host || route.port != route_.port;
  const bool was_ready = route_.state == core::RouteState::ready && !removed_;
  if (!was_ready || moved) {  // the control plane knows it anew
    set_out(ejected_, false, {}, false);
    set_out(failing_, false, {}, false);
    shared_->failures_in_row = 0;
    times_failing_ = 0;
    ready_since_ = worker_.now();
    reconnect_.clear();
    failing_end_.clear();
  }
  removed_ = false;
  route_ = route;
  if (moved || !address_) {
    close_idle();
    find_address();
  }
  if (route.state == core::RouteState::draining) {
    reconnect_.clear();
    close_idle();
    const bool has_deadline = route.drain_deadline != core::WallTime{};
    if (has_deadline) drain_.set(route.drain_deadline - worker_.wall());
    if (load() == 0) set_drained(true);
  } else {
    set_drained(false);
    drain_.clear();
    if (route.state != core::RouteState::ready) close_idle();
  }
  owner_.on_choice_changed();
}

bool Replica::has_room() const {
  const std::uint32_t limit = owner_.spec().max_concurrency_per_replica;
  return limit == 0 || total_load() < limit;
}

InFlight::Token Replica::enter() {
  const std::uint32_t limit = owner_.spec().max_concurrency_per_replica;
  return limit == 0 ? in_flight_.enter() : in_flight_.try_enter(limit);
}

// Grows evenly from a tenth (Envoy's least) to the full.
std::uint32_t Replica::share() const {
  const core::Duration whole = owner_.spec().slow_start;
  const core::Duration passed = worker_.now() - ready_since_;
  if (passed >= whole) return full_share;
  constexpr std::int64_t least = 10;
  return static_cast<std::uint32_t>(least + (full_share - least) * passed.count() / whole.count());
}

void Replica::note_outcome(bool good) {
  std::atomic<std::uint32_t>& in_row = shared_->failures_in_row;
  if (good) {
    times_failing_ = 0;
    if (in_row.load(std::memory_order_relaxed) != 0) in_row = 0;
    return;
  }
  const std::uint32_t limit = owner_.spec().eject_after_failures;
  if (limit == 0 || in_row.fetch_add(1) + 1 < limit || !can_be_chosen() || !owner_.may_fail(id_)) {
    return;
  }
  in_row = 0;
  pass_over();
  owner_.on_replica_trouble(id_, ReplicaOwner::Trouble::keeps_failing);
}

void Replica::pass_over() {
  constexpr std::uint32_t longest = 30;  // times failing_time: Envoy's 300 s
  times_failing_ = std::min(times_failing_ + 1, longest);
  failing_end_.set(worker_.limits.failing_time * times_failing_);
  set_out(failing_, true, "it failed several requests in a row");
  owner_.on_choice_changed();
}

void Replica::on_trouble_elsewhere(ReplicaOwner::Trouble trouble) {
  if (trouble == ReplicaOwner::Trouble::refuses) {
    if (!ejected_) on_connection_lost();
  } else if (can_be_chosen() && owner_.may_fail(id_)) {
    pass_over();
  }
}

void Replica::pardon() {
  if (!failing_) return;
  failing_end_.clear();
  set_out(failing_, false, pardoned_text);
}

// One of the two reasons for which this loop does not choose it. Told is what changes for all.
void Replica::set_out(bool& flag, bool value, const std::string& reason, bool is_told) {
  if (value == flag) return;
  const bool was_out = is_ejected();
  flag = value;
  if (value) eject_reason_ = reason;
  if (is_ejected() == was_out) return;
  const std::lock_guard lock(shared_->reporting);
  const std::uint32_t loops = value ? shared_->passing_over.add() : shared_->passing_over.remove();
  if (!is_told || loops != (value ? 1 : 0)) return;
  const auto change = value ? core::EndpointChange::ejected : core::EndpointChange::readmitted;
  owner_.on_replica_changed(id_, change, reason);
}

void Replica::set_drained(bool drained) {
  if (drained == drained_) return;
  drained_ = drained;
  const std::lock_guard lock(shared_->reporting);
  const std::uint32_t loops = drained ? shared_->drained.add() : shared_->drained.remove();
  if (drained && loops == owner_.loops()) {
    owner_.on_replica_changed(id_, core::EndpointChange::drained, drained_text);
  }
}

void Replica::remove() {
  if (removed_) return;
  removed_ = true;
  set_out(failing_, false, {}, false);
  failing_end_.clear();
  lookup_.cancel();
  reconnect_.clear();
  drain_.clear();
  close_idle();
  owner_.on_choice_changed();
  if (load() == 0) owner_.on_replica_unused(id_);
}

void Replica::find_address() {
  lookup_.cancel();
  address_.reset();
  if (route_.host.empty() || route_.port == 0) return;  // has no machine yet
  address_ = numeric_address(route_.host, route_.port);
  if (address_) return;
  lookup_.start(worker_.loop(), route_.host, route_.port, [this](auto found) {
    address_ = found;
    if (!found) on_connect_failed("the replica's host name is not known");
    if (found && ejected_) probe();
    owner_.on_choice_changed();
  });
}

UpstreamConnection* Replica::lease(Exchange& exchange, LeaseWish wish, int& error) {
  error = 0;
  while (!wish.fresh && !idle_.empty()) {
    UpstreamConnection* pooled = idle_.back();
    if (wish.careful && pooled->peer_has_closed()) {
      pooled->close();
      continue;
    }
    idle_.pop_back();
    pooled->lease(exchange, wish.answers_head);
    return pooled;
  }
  auto made = std::make_unique<UpstreamConnection>(worker_, *this);
  error = made->start(reinterpret_cast<const sockaddr&>(*address_));
  if (error != 0) return nullptr;
  made->lease(exchange, wish.answers_head);
  return &connections_.add(std::move(made));
}

bool Replica::keep(UpstreamConnection& connection) {
  const bool wanted = !removed_ && route_.state == core::RouteState::ready &&
                      idle_.size() < worker_.limits.max_idle_per_replica;
  if (wanted) idle_.push_back(&connection);
  return wanted;
}

std::unique_ptr<Mortal> Replica::forget(UpstreamConnection& connection) {
  if (probe_ == &connection) probe_ = nullptr;
  const auto place = std::find(idle_.rbegin(), idle_.rend(), &connection);
  if (place != idle_.rend()) idle_.erase(std::next(place).base());
  return connections_.take(connection);
}

void Replica::on_connect_failed(const std::string& reason) {
  const bool matters = !removed_ && route_.state == core::RouteState::ready;
  if (!matters) return;
  reconnect_.set(worker_.limits.reconnect_interval);
  if (ejected_) return;
  set_out(ejected_, true, reason);
  close_idle();
  owner_.on_replica_trouble(id_, ReplicaOwner::Trouble::refuses);
  owner_.on_choice_changed();
}

void Replica::on_connect_succeeded() {
  if (!ejected_) return;
  set_out(ejected_, false, readmitted_text);
  reconnect_.clear();
  owner_.on_choice_changed();
}

void Replica::on_connection_lost() {
  // Whoever dies takes all its connections along; the loop may be told of the idle ones only later.
  const std::vector<UpstreamConnection*> idle = idle_;
  for (UpstreamConnection* connection : idle) {
    if (connection->peer_has_closed()) connection->close();
  }
  // A server that closes what it accepts must not make us connect without end.
  const bool probed_lately = worker_.now() - probed_at_ < worker_.limits.reconnect_interval;
  if (!ejected_ && !probed_lately) probe();
}

void Replica::probe() {
  const bool wanted = !removed_ && route_.state == core::RouteState::ready && probe_ == nullptr;
  if (!wanted) return;
  probed_at_ = worker_.now();
  if (!address_) {
    if (!lookup_.is_running()) find_address();
    return;
  }
  auto made = std::make_unique<UpstreamConnection>(worker_, *this);
  if (made->start(reinterpret_cast<const sockaddr&>(*address_)) != 0) {
    reconnect_.set(worker_.limits.reconnect_interval);
    return;
  }
  probe_ = &connections_.add(std::move(made));
}

void Replica::close_idle() {
  while (!idle_.empty()) idle_.back()->close();
}

void Replica::cut_running() {
  for (UpstreamConnection* connection : connections_.snapshot()) {
    Exchange* exchange = connection->exchange();
    if (exchange != nullptr) exchange->on_drain_deadline();
  }
}

void Replica::on_deadline(Deadline& which) {
  if (&which == &drain_) {
    cut_running();
  } else if (&which == &failing_end_) {
    pardon();
    owner_.on_choice_changed();
  } else if (ejected_) {
    probe();
  }
}

void Replica::on_none_in_flight() {
  if (removed_) {
    owner_.on_replica_unused(id_);
  } else if (route_.state == core::RouteState::draining) {
    set_drained(true);
  }
}

void Replica::report_again() {
  if (removed_) return;
  const std::lock_guard lock(shared_->reporting);
  if (drained_ && shared_->drained.value() == owner_.loops()) {
    owner_.on_replica_changed(id_, core::EndpointChange::drained, drained_text);
  }
  if (is_ejected()) {
    owner_.on_replica_changed(id_, core::EndpointChange::ejected, eject_reason_);
  } else if (!eject_reason_.empty() && shared_->passing_over.value() == 0 &&
             route_.state == core::RouteState::ready) {
    owner_.on_replica_changed(id_, core::EndpointChange::readmitted, readmitted_text);
  }
}

}  // namespace sky::lb
