#include "test/projections/world.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "core/token.h"
#include "projections/probe_targets.h"
#include "projections/routing_table.h"

namespace sky::projections {

using core::Duration;
using core::Market;
using core::seconds;

core::Offer offer(const std::string& cloud, const std::string& zone, Market market,
                  std::int64_t milli_usd) {
  core::Offer made;
  made.place = {cloud, zone.substr(0, zone.size() - (zone.empty() ? 0 : 1)), zone};
  made.instance_type = cloud + "-t4";
  made.market = market;
  made.accelerator = {"T4", 1};
  made.vcpus = 4;
  made.memory_mib = 16384;
  made.price = {milli_usd * 1000};
  made.on_demand_price = {market == Market::spot ? 500'000 : milli_usd * 1000};
  return made;
}

std::vector<core::Offer> usual_offers() {
  return {offer("kubernetes", "", Market::on_demand, 0),
          offer("aws", "east-a", Market::spot, 100),
          offer("aws", "east-b", Market::spot, 110),
          offer("gcp", "west-c", Market::spot, 120),
          offer("aws", "east-a", Market::on_demand, 500),
          offer("gcp", "west-c", Market::on_demand, 550)};
}

core::ServiceSpec usual_spec(const std::string& name) {
  core::ServiceSpec spec;
  spec.name = name;
  spec.resources.choices.resize(1);
  spec.resources.choices[0].use_spot = true;
  spec.resources.port = 8888;
  spec.replicas.min_replicas = 2;
  spec.replicas.max_replicas = 4;
  spec.replicas.base_ondemand_fallback_replicas = 2;
  spec.replicas.target_qps_per_replica = core::MilliRps{1000};
  spec.replicas.upscale_delay = seconds(10);
  spec.replicas.downscale_delay = seconds(30);
  spec.replicas.qps_window = seconds(10);
  spec.probe.initial_delay = seconds(60);
  spec.probe.failure_window = seconds(20);
  spec.sandbox.enabled = true;
  return spec;
}

core::ServiceSpec one_replica(bool is_spot) {
  core::ServiceSpec spec = usual_spec();
  spec.resources.choices[0].use_spot = is_spot;
  spec.replicas.base_ondemand_fallback_replicas = 0;
  spec.replicas.min_replicas = 1;
  spec.replicas.max_replicas = 1;
  return spec;
}

World::World(std::vector<core::Offer> given) : offers(std::move(given)) {
  send(core::Started{world_log_id, "test", ++epoch_, {}});
  later(seconds(1), [this] { sample(); });
  later(seconds(1), [this] { follow_probes(); });
}

void World::up(core::ServiceSpec spec) {
  const Step step = send(core::UpRequested{std::move(spec), offers, "ada"});
  BOOST_REQUIRE(!step.rejection);
}

Step World::send(core::InputBody body) {
  const core::Stamp stamp{now_, core::WallTime(now_.time_since_epoch() + seconds(1'700'000'000))};
  Step step = projections::step(model, {stamp, body});
  wake_at_ = step.wake_at;
  events.insert(events.end(), step.events.begin(), step.events.end());
  check_step(step, body);
  for (const core::Effect& effect : step.effects) carry_out(effect);
  for (const core::Event& event : step.events)
    if (std::holds_alternative<core::DrainStarted>(event.body))
      later(draining, [this, event] {
        send(
            core::ReplicaReported{event.service, event.replica, core::EndpointChange::drained, ""});
      });
  return step;
}

void World::pass(Duration time) {
  const core::Instant end = now_ + time;
  while (true) {
    const bool has_task = !agenda_.empty() && agenda_.begin()->first <= end;
    const bool has_wake = wake_at_ && *wake_at_ <= end;
    if (!has_task && !has_wake) break;
    if (has_wake && (!has_task || *wake_at_ < agenda_.begin()->first)) {
      now_ = std::max(now_, *wake_at_);
      send(core::Tick{});
      continue;
    }
    auto next = agenda_.begin();
    now_ = next->first;
    const auto task = std::move(next->second);
    agenda_.erase(next);
    task();
  }
  now_ = end;
}

void World::restart(Duration away) {
  agenda_.clear();
  now_ += away;
  Model folded;
  for (const core::Event& event : events) evolve(folded, event);
  BOOST_REQUIRE(folded == model);
  model = std::move(folded);
  send(core::Started{world_log_id, "test", ++epoch_, {}});
  later(seconds(1), [this] { sample(); });
  later(seconds(1), [this] { follow_probes(); });
  for (const auto& [name, state] : model.services)
    for (const auto& [id, one] : state.replicas)
      if (one.phase == core::Phase::draining)
        later(draining, [this, service = name, replica = id] {
          send(core::ReplicaReported{service, replica, core::EndpointChange::drained, ""});
        });
}

const ServiceState& World::service(const std::string& name) const {
  return model.services.at(name);
}

const Replica& World::replica(std::uint32_t id, const std::string& name) const {
  return service(name).replicas.at(core::ReplicaId{id});
}

std::size_t World::count(core::Phase phase, const std::string& name) const {
  const auto& replicas = service(name).replicas;
  return static_cast<std::size_t>(
      std::count_if(replicas.begin(), replicas.end(),
                    [&](const auto& one) { return one.second.phase == phase; }));
}

std::size_t World::live(const std::string& name) const {
  const auto& replicas = service(name).replicas;
  return static_cast<std::size_t>(
      std::count_if(replicas.begin(), replicas.end(),
                    [&](const auto& one) { return core::is_live(one.second.phase); }));
}

std::vector<std::string> World::chain(core::Seq seq) const {
  std::vector<std::string> names;
  for (; seq; seq = event(seq).cause) names.push_back(core::type_name(event(seq).body));
  return names;
}

Machine* World::machine(std::uint32_t replica, const std::string& name) {
  for (auto& [token, one] : machines)
    if (one.service == name && one.replica.value == replica) return &one;
  return nullptr;
}

void World::change(std::uint32_t replica, core::InstanceChange change, Duration notice) {
  const Machine* found = machine(replica);
  BOOST_REQUIRE(found);
  const Machine gone = *found;
  const auto forget = [this, id = gone.id] {
    std::erase_if(machines, [&](const auto& one) { return one.second.id == id; });
  };
  const auto report = [this, gone, notice](core::InstanceChange what) {
    send(
        core::InstanceChanged{gone.service, gone.replica, gone.attempt, what, notice, "the cloud"});
  };
  if (change == core::InstanceChange::noticed) {
    report(change);
    later(notice, [forget, report] {
      forget();
      report(core::InstanceChange::preempted);
    });
    return;
  }
  if (change != core::InstanceChange::user_code_ended) forget();
  report(change);
}

void World::later(Duration delay, std::function<void()> task) {
  agenda_.emplace(now_ + delay, std::move(task));
}

void World::carry_out(const core::Effect& effect) {
  if (const auto* order = std::get_if<core::LaunchInstance>(&effect)) launch(*order);
  if (const auto* order = std::get_if<core::TerminateInstance>(&effect)) terminate(*order);
  if (std::holds_alternative<core::SweepInstances>(effect)) later(seconds(0), [this] { sweep(); });
  if (const auto* order = std::get_if<core::TerminateOrphan>(&effect))
    later(terminating, [this, id = order->instance_id] {
      std::erase_if(machines, [&](const auto& one) { return one.second.id == id; });
      send(core::OrphanTerminated{id});
    });
  if (const auto* order = std::get_if<core::PreemptInstance>(&effect))
    later(seconds(0), [this, id = order->replica.value] {
      if (machine(id)) change(id, core::InstanceChange::noticed, seconds(30));
    });
}

void World::launch(const core::LaunchInstance& order) {
  ++launches;
  later(provisioning, [this, order] {
    std::variant<core::ProvisionSucceeded, core::Failure> outcome;
    const auto failure = refuse ? refuse(order) : std::nullopt;
    if (failure && !machines.contains(order.token)) {
      outcome = *failure;
    } else {
      Machine& made = machines[order.token];
      if (made.id.empty())
        made = {"i-" + order.token.substr(0, 8),
                order.service,
                order.replica,
                order.attempt,
                order.offer,
                now_ + startup,
                !(crashes && crashes(order))};
      outcome = core::ProvisionSucceeded{order.attempt, made.id, "127.0.0.1", 9000};
    }
    send(core::LaunchAnswered{order.service, order.replica, order.attempt, outcome});
  });
}

void World::terminate(const core::TerminateInstance& order) {
  later(terminating, [this, order] {
    const auto failure = keep ? keep(order) : std::nullopt;
    if (!failure) machines.erase(order.token);
    std::variant<std::monostate, core::Failure> outcome;
    if (failure) outcome = *failure;
    send(core::TerminateAnswered{order.service, order.replica, outcome});
  });
}

void World::sweep() {
  for (const char* cloud : {"kubernetes", "aws", "gcp"}) {
    core::InstancesListed list{cloud, {}, now_, true};
    for (const auto& [token, one] : machines)
      if (one.offer.place.cloud == cloud)
        list.instances.push_back({one.id, one.offer.place, one.service, one.replica, one.attempt});
    send(std::move(list));
  }
}

void World::follow_probes() {
  later(probing, [this] { follow_probes(); });
  for (const ProbeTarget& target : probe_targets(model)) {
    const Machine* found = machine(target.replica.value, target.service);
    const bool ok = found && found->answers && found->ready_at <= now_;
    send(core::ProbeReturned{target.service,
                             target.replica,
                             {ok ? 200 : 0, core::milliseconds(5), ok ? "" : "refused", ok}});
  }
}

void World::sample() {
  later(seconds(1), [this] { sample(); });
  for (const auto& [name, rate] : arrivals) {
    core::TrafficSampled sample;
    sample.period = seconds(1);
    sample.arrivals = sample.completions = rate;
    send(core::TrafficReported{name, sample});
  }
}

void World::check_step(const Step& step, const core::InputBody& body) {
  for (const auto& [name, state] : model.services) most_live = std::max(most_live, live(name));
  for (const core::Effect& effect : step.effects) {
    const auto* order = std::get_if<core::LaunchInstance>(&effect);
    if (!order) continue;
    const Replica& row = replica(order->replica.value, order->service);
    BOOST_REQUIRE(order->token == core::launch_token(world_log_id, row.intent));
    const bool is_intended =
        std::any_of(step.events.begin(), step.events.end(), [&](const core::Event& event) {
          const auto* intent = std::get_if<core::LaunchIntended>(&event.body);
          return intent && event.replica == order->replica && intent->attempt == order->attempt;
        });
    BOOST_REQUIRE(is_intended || std::holds_alternative<core::Started>(body));
  }
  for (const core::Event& event : step.events) BOOST_REQUIRE(event.cause < event.seq);
  // Deciding once more, with nothing new, says nothing again.
  for (std::size_t i = 1; i < step.events.size(); ++i) {
    const bool is_said_again = step.events[i - 1].body == step.events[i].body &&
                               step.events[i - 1].replica == step.events[i].replica;
    BOOST_REQUIRE(!is_said_again);
  }
  for (const auto& [name, state] : model.services)
    for (const auto& [id, row] : state.replicas) {
      const auto route = state.route.routes.find(id);
      const bool is_routed =
          route != state.route.routes.end() && (route->second.state == core::RouteState::ready ||
                                                route->second.state == core::RouteState::waiting);
      BOOST_REQUIRE_EQUAL(is_routed, row.phase == core::Phase::ready);
    }
}

}  // namespace sky::projections
