#include "test/sim/balancer_process.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "projections/routing_table.h"

namespace sky::sim {
namespace {

using core::Duration;
using core::EndpointChange;
using core::RouteState;
using core::seconds;

constexpr Duration store_every = core::milliseconds(200);

events::BalancerReport to_wire(const core::InputBody& body) {
  return std::visit(
      [](const auto& report) -> events::BalancerReport {
        using Type = std::decay_t<decltype(report)>;
        if constexpr (std::is_constructible_v<events::BalancerReport, const Type&>) return report;
        SKY_CHECK(false, "a balancer reports only what the protocol carries");
      },
      body);
}

}  // namespace

struct BalancerProcess::Slot final : lb::InFlight::Observer {
  Slot(BalancerProcess& balancer, Service& its_service, core::ReplicaId replica)
      : owner(balancer), service(its_service), id(replica), in_flight(*this) {}
  void on_none_in_flight() override;

  bool can_be_chosen() const {
    return !is_removed && !is_ejected && route.state == RouteState::ready && !route.host.empty();
  }

  BalancerProcess& owner;
  Service& service;
  const core::ReplicaId id;
  core::Route route;
  lb::InFlight in_flight;
  bool is_removed = false;
  bool is_ejected = false;
  bool drained_reported = false;
};

struct BalancerProcess::Request {
  core::ServiceName service;
  Duration work{0};
  Duration arrived{0};
  Slot* slot = nullptr;  // null while it is held
  lb::InFlight::Token token;
  std::vector<core::ReplicaId> tried;
  bool is_over = false;
};

struct BalancerProcess::Service {
  explicit Service(const core::RoutedService& known)
      : routed(known), picker(known.balancer.policy) {}

  core::RoutedService routed;
  lb::Picker picker;
  lb::Meter meter;
  std::map<core::ReplicaId, std::unique_ptr<Slot>> slots;
  std::list<std::shared_ptr<Request>> running;
  std::list<std::shared_ptr<Request>> held;
  std::uint16_t open_port = 0;
  bool was_zero = true;

  std::uint32_t load() const {
    std::uint32_t sum = 0;
    for (const auto& [id, slot] : slots) sum += slot->in_flight.count();
    return sum;
  }
};

void BalancerProcess::Slot::on_none_in_flight() {
  if (!is_removed && route.state == RouteState::draining) owner.report_drained(*this);
}

BalancerProcess::BalancerProcess(Process& process, BalancerEdges edges)
    : process_(process),
      edges_(std::move(edges)),
      queue_([this](const core::InputBody& body) { return follow_.send(to_wire(body)); }),
      follow_(process, edges_.dial, {.from = {}, .routing_snapshot_first = true}, callbacks()),
      second_(process.make_alarm()),
      store_(process.make_alarm()) {}

BalancerProcess::~BalancerProcess() {
  for (auto& [name, service] : services_) {
    for (const auto& [id, slot] : service->slots) slot->is_removed = true;  // nobody is told
    for (const auto& request : service->running) {  // its end is still on the agenda
      request->is_over = true;
      request->token.release();
    }
  }
}

void BalancerProcess::start() {
  if (edges_.cache) {
    table_ = *edges_.cache;
    sync_all();
  }
  follow_.start();
  second_->start_repeating(seconds(1), [this] { on_second(); });
  store_->start_repeating(store_every, [this] {
    if (!edges_.cache || edges_.cache->seq != table_.seq) edges_.cache = table_;
  });
}

adapters::FollowCallbacks BalancerProcess::callbacks() {
  return {.on_snapshot =
              [this](const core::RoutingSnapshot& table) {
                table_ = table;
                sync_all();
              },
          .on_event = [this](const core::Event& event) { apply_event(event); },
          .on_caught_up =
              [this](core::Seq) {
                edges_.witness.table_shown(table_);
                if (queue_.is_live()) return;
                queue_.set_live(true);
                report_again();
              },
          .on_connected = [this] { follow_.send(core::BalancerHello{edges_.pid}); },
          .on_disconnected = [this](const std::string&) { queue_.set_live(false); }};
}

void BalancerProcess::apply_event(const core::Event& event) {
  const bool is_missed = edges_.mutations.has(Mutation::drain_not_told) &&
                         std::holds_alternative<core::DrainStarted>(event.body);
  if (is_missed) table_.seq = event.seq;
  if (is_missed || !projections::evolve(table_, event)) return;
  if (!event.service.empty()) sync(event.service);
  if (std::holds_alternative<core::ServiceRemoved>(event.body)) queue_.forget(event.service);
}

void BalancerProcess::sync_all() {
  std::vector<core::ServiceName> names;
  for (const auto& [name, service] : services_) names.push_back(name);
  for (const auto& [name, routed] : table_.services)
    if (!services_.contains(name)) names.push_back(name);
  for (const core::ServiceName& name : names) sync(name);
}

void BalancerProcess::sync(const core::ServiceName& name) {
  const auto routed = table_.services.find(name);
  const auto present = services_.find(name);
  if (routed == table_.services.end()) {
    if (present == services_.end()) return;
    Service& service = *present->second;
    for (const auto& [id, slot] : service.slots) slot->is_removed = true;
    while (!service.running.empty()) finish(service.running.front(), lb::Cause::stopping);
    service.held.clear();
    services_.erase(present);
    return;
  }
  std::unique_ptr<Service>& service = services_[name];
  if (!service) service = std::make_unique<Service>(routed->second);
  service->routed = routed->second;
  service->picker.set_policy(routed->second.balancer.policy);
  for (const auto& [id, route] : routed->second.routes) {
    std::unique_ptr<Slot>& slot = service->slots[id];
    if (!slot) slot = std::make_unique<Slot>(*this, *service, id);
    update(*service, *slot, route);
  }
  std::vector<core::ReplicaId> gone;
  for (const auto& [id, slot] : service->slots)
    if (!routed->second.routes.contains(id)) gone.push_back(id);
  for (const core::ReplicaId id : gone) remove(*service, id);
  open_port(routed->second);
  release_held(*service);
}

void BalancerProcess::update(Service&, Slot& slot, const core::Route& route) {
  if (!slot.is_removed && route == slot.route) return;
  const bool was_draining = slot.route.state == RouteState::draining && !slot.is_removed;
  const bool was_ready = slot.route.state == RouteState::ready && !slot.is_removed;
  if (!was_ready) slot.is_ejected = false;
  slot.is_removed = false;
  slot.route = route;
  if (route.state != RouteState::draining) return;
  if (!was_draining) slot.drained_reported = false;
  if (slot.in_flight.count() == 0) return report_drained(slot);
  const Duration left = route.drain_deadline - edges_.wall();
  process_.later(left, [this, name = slot.service.routed.name, id = slot.id] {
    const auto service = services_.find(name);
    if (service == services_.end()) return;
    const auto running = service->second->running;
    for (const auto& request : running)
      if (request->slot->id == id && request->slot->route.state == RouteState::draining)
        finish(request, lb::Cause::drain_deadline);
  });
}

// What runs on it may finish.
void BalancerProcess::remove(Service& service, core::ReplicaId id) {
  Slot& slot = *service.slots.at(id);
  slot.is_removed = true;
  if (slot.in_flight.count() == 0) service.slots.erase(id);
}

void BalancerProcess::report_drained(Slot& slot) {
  if (std::exchange(slot.drained_reported, true)) return;
  queue_.add(core::ReplicaReported{slot.service.routed.name, slot.id, EndpointChange::drained,
                                   "no request runs on it"});
}

void BalancerProcess::open_port(const core::RoutedService& routed) {
  Service& service = *services_.at(routed.name);
  if (service.open_port == routed.port || routed.port == 0) return;
  const bool is_busy = process_.random().per_mille(edges_.busy_port_per_mille);
  service.open_port = is_busy ? 0 : routed.port;
  queue_.add(core::EndpointReported{routed.name, "127.0.0.1", routed.port, is_busy,
                                    is_busy ? "address in use" : ""});
}

void BalancerProcess::take_request(const core::ServiceName& name, Duration work) {
  const auto found = services_.find(name);
  if (found == services_.end() || found->second->open_port == 0) return;
  auto request = std::make_shared<Request>();
  request->service = name;
  request->work = work;
  request->arrived = process_.agenda().now();
  found->second->meter.arrived();
  place(*found->second, std::move(request));
}

void BalancerProcess::place(Service& service, std::shared_ptr<Request> request) {
  while (true) {
    std::vector<lb::Candidate> candidates;
    for (const auto& [id, slot] : service.slots)
      if (slot->can_be_chosen()) candidates.push_back({id, slot->in_flight.count(), 1});
    const auto chosen = service.picker.pick(candidates, request->tried);
    if (!chosen) break;
    request->slot = service.slots.at(candidates[*chosen].replica).get();
    if (try_once(service, request)) return;
  }
  request->slot = nullptr;
  if (service.held.size() >= service.routed.balancer.hold_limit) return;
  service.held.push_back(std::move(request));
  if (service.held.size() == 1)
    queue_.add(core::HoldReported{service.routed.name, 1, 0, "no replica is ready"});
}

// False: nobody answers at its address; it is left out from now on, and another is tried.
bool BalancerProcess::try_once(Service& service, const std::shared_ptr<Request>& request) {
  Slot& slot = *request->slot;
  edges_.witness.request_placed(request->service, slot.id, table_.seq);
  request->token = slot.in_flight.enter();
  service.running.push_back(request);
  const Machine* machine = edges_.clouds.by_host(slot.route.host);
  if (!machine || machine->is_gone || machine->never_serves) {
    slot.is_ejected = true;
    queue_.add(core::ReplicaReported{request->service, slot.id, EndpointChange::ejected,
                                     "refused or unreachable"});
    request->tried.push_back(slot.id);
    service.running.remove(request);
    edges_.witness.request_ended(request->service, slot.id);
    request->token.release();
    return false;
  }
  process_.later(request->work, [this, request] {
    if (!request->is_over) finish(request, lb::Cause::ok);
  });
  if (edges_.mutations.has(Mutation::in_flight_lost) && process_.random().per_mille(20))
    request->token.release();
  return true;
}

void BalancerProcess::finish(std::shared_ptr<Request> request, lb::Cause cause) {
  request->is_over = true;
  Service& service = *services_.at(request->service);
  service.running.remove(request);
  const Machine* machine = edges_.clouds.by_host(request->slot->route.host);
  const bool is_lost = !machine || machine->is_gone;
  service.meter.ended(is_lost ? lb::Cause::replica_lost : cause, is_lost ? 502 : 200,
                      process_.agenda().now() - request->arrived, Duration{1});
  const core::ReplicaId id = request->slot->id;
  const bool is_unused = request->slot->is_removed && request->slot->in_flight.count() <= 1;
  edges_.witness.request_ended(request->service, id);
  request->token.release();
  if (is_unused && service.slots.contains(id)) service.slots.erase(id);
}

void BalancerProcess::release_held(Service& service) {
  for (std::size_t count = service.held.size(); count > 0; --count) {
    const bool can_go = std::any_of(service.slots.begin(), service.slots.end(),
                                    [](const auto& one) { return one.second->can_be_chosen(); });
    if (!can_go) return;
    auto request = std::move(service.held.front());
    service.held.pop_front();
    request->tried.clear();
    place(service, std::move(request));
  }
}

void BalancerProcess::on_second() {
  for (const auto& [name, service] : services_) {
    open_port(service->routed);
    for (const auto& [id, slot] : service->slots) {  // a second later: is it back?
      const Machine* machine = edges_.clouds.by_host(slot->route.host);
      if (!slot->is_ejected || !machine || machine->is_gone || machine->never_serves) continue;
      slot->is_ejected = false;
      queue_.add(core::ReplicaReported{name, id, EndpointChange::readmitted, "it accepts again"});
    }
    std::erase_if(service->held, [&](const std::shared_ptr<Request>& request) {
      return process_.agenda().now() - request->arrived > service->routed.balancer.hold_timeout;
    });
    release_held(*service);
    core::TrafficSampled sample = service->meter.take_sample(seconds(1));
    sample.in_flight = service->load();
    sample.held = static_cast<std::uint32_t>(service->held.size());
    for (const auto& [id, slot] : service->slots) {
      edges_.witness.counted(name, id, slot->in_flight.count());
      if (slot->in_flight.count() > 0) sample.replicas.push_back({id, slot->in_flight.count()});
    }
    const bool is_zero = sample.arrivals == 0 && sample.completions == 0 && sample.failures == 0 &&
                         sample.in_flight == 0 && sample.held == 0;
    if (!is_zero || !std::exchange(service->was_zero, is_zero))
      queue_.add(core::TrafficReported{name, sample});
    service->was_zero = is_zero;
  }
}

void BalancerProcess::report_again() {
  for (const auto& [name, service] : services_) {
    if (service->open_port != 0)
      queue_.add(core::EndpointReported{name, "127.0.0.1", service->open_port, false, ""});
    for (const auto& [id, slot] : service->slots) {
      const bool is_drained = slot->drained_reported && !slot->is_removed &&
                              slot->route.state == RouteState::draining &&
                              slot->in_flight.count() == 0;
      if (is_drained)
        queue_.add(core::ReplicaReported{name, id, EndpointChange::drained, "no request runs"});
      if (slot->is_ejected && !slot->is_removed)
        queue_.add(core::ReplicaReported{name, id, EndpointChange::ejected, "refused"});
    }
    if (!service->held.empty())
      queue_.add(core::HoldReported{name, static_cast<std::uint32_t>(service->held.size()), 0,
                                    "no replica is ready"});
  }
}

std::uint32_t BalancerProcess::running() const {
  std::uint32_t sum = 0;
  for (const auto& [name, service] : services_)
    sum += service->load() + static_cast<std::uint32_t>(service->held.size());
  return sum;
}

}  // namespace sky::sim
