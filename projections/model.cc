#include "projections/model.h"

#include "core/check.h"
#include "projections/service_fold.h"

namespace sky::projections {
namespace {

// Found by no sweep any more, or forgotten: an orphan's note is not worth more memory than this.
constexpr std::size_t max_orphans = 10'000;

struct ModelFold {
  Model& model;
  const core::Event& event;

  template <class Body>
  void operator()(const Body&) {}  // the service's business, or nobody's

  void operator()(const core::DaemonStarted& body) {
    model.log_id = body.log_id;
    model.epoch = body.epoch;
    model.balancer_connected = false;
    for (auto& [name, service] : model.services) after_restart(service, model.now, event.time.at);
  }
  void operator()(const core::CommandReceived& body) {
    remember(model.taken_requests, event.service, body);
  }
  void operator()(const core::BalancerConnected&) { model.balancer_connected = true; }
  void operator()(const core::BalancerLost&) {
    model.balancer_connected = false;
    for (auto& [name, service] : model.services)
      for (auto& [id, replica] : service.replicas) replica.ejected = false;
  }
  void operator()(const core::ServiceRegistered&) {
    const auto known = model.last_replica_ids.find(event.service);
    const std::uint32_t last = known == model.last_replica_ids.end() ? 0 : known->second;
    SKY_CHECK(!model.services.contains(event.service), "a live service's name is unique");
    model.services[event.service].last_replica_id = last;
    model.last_replica_ids.erase(event.service);
  }
  void operator()(const core::ZoneBlocked& body) { block(model.zones, body, event.time.at); }
  void operator()(const core::ZoneCleared& body) { clear(model.zones, body); }
  void operator()(const core::OrphanFound& body) {
    if (model.orphans.size() < max_orphans) model.orphans.insert(body.instance_id);
  }
  void operator()(const core::OrphanEnded& body) { model.orphans.erase(body.instance_id); }
  void operator()(const core::TerminationSucceeded&) { model.last_termination = event.time.at; }
  void operator()(const core::ReplicaEnded&) { model.last_termination = event.time.at; }
};

}  // namespace

void evolve(Model& model, const core::Event& event) {
  SKY_CHECK(event.seq == model.seq.next(), "events are folded without a gap");
  std::visit(ModelFold{model, event}, event.body);
  const auto service = model.services.find(event.service);
  if (service != model.services.end()) {
    const Replica* replica = may_teach(event.body) ? find_replica(model, event) : nullptr;
    const std::optional<Replica> before = replica ? std::optional(*replica) : std::nullopt;
    fold_service(service->second, event);
    if (before) learn(model.zones, event, *before, find_replica(model, event));
    if (std::holds_alternative<core::ServiceRemoved>(event.body)) {
      for (const auto& [id, left] : service->second.replicas)
        forget_machine(model.zones, left, event.time.at);
      model.last_replica_ids[event.service] = service->second.last_replica_id;
      model.services.erase(service);
    }
  }
  model.seq = event.seq;
  model.now = std::max(model.now, event.time.at);
}

const ServiceState* find_service(const Model& model, const core::ServiceName& name) {
  const auto found = model.services.find(name);
  return found == model.services.end() ? nullptr : &found->second;
}

const Replica* find_replica(const Model& model, const core::ServiceName& name, core::ReplicaId id) {
  const ServiceState* service = find_service(model, name);
  if (!service) return nullptr;
  const auto found = service->replicas.find(id);
  return found == service->replicas.end() ? nullptr : &found->second;
}

const Replica* find_replica(const Model& model, const core::Event& event) {
  return find_replica(model, event.service, event.replica);
}

}  // namespace sky::projections
