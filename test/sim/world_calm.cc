// When the faults stop: what was asked for must come about, and what was given up must go.
#include <algorithm>

#include "core/pool_split.h"
#include "test/sim/invented.h"
#include "test/sim/world.h"

namespace sky::sim {

using core::Duration;
using core::seconds;

namespace {

// From the end of the faults to the wanted replicas: longer than every patience and back-off on the
// way (an unanswered launch 600 s, a crash loop 300 s, a drain 120 s, a start 300 s).
constexpr Duration target_patience = seconds(2400);
// From `down` to nothing: a termination that is refused 8 times, and two sweeps.
constexpr Duration removal_patience = seconds(1800);
constexpr Duration look_every = seconds(15);

core::PoolSizes wanted_of(const projections::ServiceState& service) {
  std::uint32_t ready_spot = 0;
  for (const auto& [id, replica] : service.replicas)
    if (replica.phase == core::Phase::ready && replica.is_spot()) ++ready_spot;
  return core::split_pools(service.spec(), service.target, ready_spot);
}

}  // namespace

void World::calm_down() {
  is_calm_ = true;
  note("the faults stop");
  clouds_.faults = {};
  disk_->faults = {};
  wire_faults_.cut_per_mille = 0;
  for (Machine* machine : clouds_.living()) machine->is_sick = false;
  for (const std::string& zone : clouds_.spot_zones()) clouds_.set_capacity(zone, 100);
  clouds_.set_capacity("", 100);
  // The next life is one that nothing is planned against.
  if (daemon_process_ && daemon_process_->is_alive()) kill_daemon(false);
  pass(seconds(700));  // the longest that a dead daemon stays away, and messages that are late
  kill_balancer();
  pass(seconds(10));
}

void World::expect_targets() {
  for (const auto& [name, service] : witness_.model().services) {
    if (service.removal_requested) continue;
    const core::ServiceSpec spec = calm_service(specs_.at(name));
    note("update " + name + ", calmly");
    submit(core::UpdateRequested{spec, clouds_.offers, core::UpdateMode::rolling, "ada"});
  }
  // A place that is known not to work for hours is left alone for hours.
  Duration blocked{0};
  for (const auto& [key, block] : witness_.model().zones.blocks)
    blocked = std::max(blocked, block.until - witness_.model().now);
  const Duration deadline = now() + blocked + target_patience;
  while (!broken() && now() < deadline && !missing_replicas().empty()) pass(look_every);
  if (const std::string missing = missing_replicas(); !missing.empty())
    witness_.not_in_time(missing);
}

// Of services that nobody takes down; empty when all have what they want, and no more.
std::string World::missing_replicas() const {
  for (const auto& [name, service] : witness_.model().services) {
    if (service.removal_requested) continue;
    std::uint32_t ready = 0, live = 0, leaving = 0;
    for (const auto& [id, replica] : service.replicas) {
      ready += replica.phase == core::Phase::ready && replica.version == service.version ? 1 : 0;
      live += core::is_live(replica.phase) ? 1 : 0;
      leaving += replica.termination_open || replica.phase == core::Phase::draining ? 1 : 0;
    }
    const std::uint32_t wanted = wanted_of(service).total();
    if (ready != wanted || live != wanted || leaving != 0 || service.target < 2)
      return name + ": " + std::to_string(ready) + " ready, " + std::to_string(live) + " live, " +
             std::to_string(leaving) + " leaving, " + std::to_string(wanted) + " wanted";
  }
  return "";
}

void World::expect_nothing_left() {
  for (const auto& [name, service] : witness_.model().services) {
    note("down " + name);
    submit(core::DownRequested{name, "ada"});
  }
  const Duration deadline = now() + removal_patience;
  pass(seconds(1));
  while (!broken() && now() < deadline && !what_is_left().empty()) pass(look_every);
  if (const std::string left = what_is_left(); !left.empty()) witness_.left_behind(left);
  if (!broken() && daemon_) daemon_->compare();
}

std::string World::what_is_left() {
  const auto& services = witness_.model().services;
  if (!services.empty()) return "service " + services.begin()->first;
  const std::vector<Machine*> machines = clouds_.living();
  if (!machines.empty())
    return "machine " + machines.front()->id + " of " + machines.front()->service + "/" +
           std::to_string(machines.front()->replica.value);
  if (balancer_ && balancer_process_->is_alive() && balancer_->running() > 0)
    return "requests without a service";
  return "";
}

}  // namespace sky::sim
