#include "test/bench/fleet.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "projections/probe_targets.h"
#include "projections/step.h"

namespace sky::bench {
namespace {

using core::seconds;

// One event of ten is neither a probe's answer nor a sample when these are as they are.
constexpr core::Duration probe_period = seconds(4);
constexpr core::Duration sample_period = seconds(1);
constexpr core::Duration preemption_period = seconds(600);
constexpr core::Duration storm_period = seconds(86'400);
constexpr core::Duration notice = seconds(30);
constexpr std::uint32_t wave_seconds = 1800;  // of load: up, and down again
constexpr std::uint32_t most_arrivals = 8;  // a second and service
constexpr core::WallTime began{seconds(1'750'000'000)};
const std::vector<std::string> service_names = {"llama3", "mistral", "whisper"};

core::Offer offer(const std::string& cloud, const std::string& region, const std::string& zone,
                  core::Market market, std::int64_t price) {
  core::Offer made;
  made.place = {cloud, region, zone};
  made.instance_type = cloud == "aws" ? "g4dn.xlarge" : "n1-standard-4";
  made.market = market;
  made.accelerator = {"T4", 1};
  made.vcpus = 4;
  made.memory_mib = 16384;
  made.price = {price};
  made.on_demand_price = {526'000};
  return made;
}

std::vector<core::Offer> offers() {
  return {offer("aws", "us-east-2", "us-east-2a", core::Market::spot, 158'000),
          offer("aws", "us-east-2", "us-east-2b", core::Market::spot, 163'000),
          offer("gcp", "us-central1", "us-central1-a", core::Market::spot, 171'000),
          offer("aws", "us-east-2", "us-east-2a", core::Market::on_demand, 526'000)};
}

core::ServiceSpec spec(const std::string& name) {
  core::ServiceSpec made;
  made.name = name;
  made.resources.choices.resize(1);
  made.resources.choices[0].use_spot = true;
  made.resources.port = 8888;
  made.replicas.min_replicas = 0;
  made.replicas.max_replicas = most_arrivals;
  made.replicas.base_ondemand_fallback_replicas = 1;
  made.replicas.target_qps_per_replica = core::MilliRps{1000};
  made.replicas.upscale_delay = seconds(30);
  made.replicas.downscale_delay = seconds(60);
  made.replicas.qps_window = seconds(30);
  made.probe.path = "/health";
  made.probe.interval = probe_period;
  made.task.setup = "true";
  made.task.run = "exec sleep 600";
  made.sandbox.enabled = true;
  return made;
}

}  // namespace

Fleet::Fleet(core::LogId log_id) : log_id_(std::move(log_id)) {
  submit(core::Started{log_id_, SKY_VERSION, 1, {}});
  submit(core::BalancerHello{4711});
  for (const std::string& name : service_names)
    submit(core::UpRequested{spec(name), offers(), "ada"});
  every(probe_period, [this] { probe(); });
  every(sample_period, [this] { sample(); });
  every(preemption_period, [this] { take_back(false); });
  every(storm_period, [this] { take_back(true); });
}

std::vector<core::Event> Fleet::next() {
  while (made_.empty()) pass_one();
  return std::exchange(made_, {});
}

std::vector<core::Event> Fleet::last() {
  has_load_ = false;
  const core::Instant patience = now_ + seconds(3600);
  const auto is_running = [](const auto& service) {
    const auto& rows = service.second.replicas;
    return std::any_of(rows.begin(), rows.end(),
                       [](const auto& row) { return !core::is_terminal(row.second.phase); });
  };
  while (std::any_of(model_.services.begin(), model_.services.end(), is_running)) {
    SKY_CHECK(now_ < patience, "services without load scale to zero");
    pass_one();
  }
  return std::exchange(made_, {});
}

// The next thing that is due: there is always one, the samples go on.
void Fleet::pass_one() {
  const auto task = agenda_.begin();
  if (wake_at_ && *wake_at_ < task->first) {
    now_ = std::max(now_, *wake_at_);
    return submit(core::Tick{});
  }
  now_ = task->first;
  const auto work = std::move(task->second);
  agenda_.erase(task);
  work();
}

void Fleet::submit(core::InputBody body) {
  const core::Stamp stamp{now_, began + now_.time_since_epoch()};
  projections::Step step = projections::step(model_, {stamp, std::move(body)});
  SKY_CHECK(!step.rejection, "the fleet's users ask for what is possible");
  wake_at_ = step.wake_at;
  for (const core::Effect& effect : step.effects) carry_out(effect);
  answer_drains(step.events);
  for (core::Event& event : step.events) made_.push_back(std::move(event));
}

void Fleet::later(core::Duration delay, std::function<void()> task) {
  agenda_.emplace(now_ + delay, std::move(task));
}

void Fleet::every(core::Duration period, std::function<void()> task) {
  later(period, [this, period, task] {
    every(period, task);
    task();
  });
}

void Fleet::carry_out(const core::Effect& effect) {
  if (const auto* order = std::get_if<core::LaunchInstance>(&effect)) launch(*order);
  if (const auto* order = std::get_if<core::TerminateInstance>(&effect))
    later(seconds(2), [this, order = *order] {
      machines_.erase(order.token);
      submit(core::TerminateAnswered{order.service, order.replica, {}});
    });
  if (std::holds_alternative<core::SweepInstances>(effect))
    later(seconds(1), [this] { list_machines(); });
}

// One launch of eight finds no capacity; the others start in 40 seconds.
void Fleet::launch(const core::LaunchInstance& order) {
  if (order.offer.is_spot() && below(8) == 0) {
    core::Failure failure;
    failure.kind = core::FailureKind::capacity;
    failure.text = "InsufficientInstanceCapacity: there is no Spot capacity available";
    later(seconds(3), [this, order, failure] {
      submit(core::LaunchAnswered{order.service, order.replica, order.attempt, failure});
    });
    return;
  }
  later(seconds(10), [this, order] {
    const Machine& made =
        machines_.try_emplace(order.token, Machine{"i-" + order.token.substr(0, 17), order})
            .first->second;
    submit(core::LaunchAnswered{order.service, order.replica, order.attempt,
                                core::ProvisionSucceeded{order.attempt, made.id, "127.0.0.1", 9}});
  });
  later(seconds(40), [this, order] {
    submit(core::InstanceChanged{order.service, order.replica, order.attempt,
                                 core::InstanceChange::started, seconds(0), ""});
  });
}

void Fleet::answer_drains(const std::vector<core::Event>& events) {
  for (const core::Event& event : events)
    if (std::holds_alternative<core::DrainStarted>(event.body))
      later(seconds(2), [this, service = event.service, replica = event.replica] {
        submit(core::ReplicaReported{service, replica, core::EndpointChange::drained, ""});
      });
}

void Fleet::list_machines() {
  for (const char* cloud : {"aws", "gcp"}) {
    core::InstancesListed list{cloud, {}, now_, true};
    for (const auto& [token, one] : machines_)
      if (one.order.offer.place.cloud == cloud)
        list.instances.push_back({one.id, one.order.offer.place, one.order.service,
                                  one.order.replica, one.order.attempt});
    submit(std::move(list));
  }
}

void Fleet::probe() {
  for (const projections::ProbeTarget& target : projections::probe_targets(model_)) {
    const bool ok = below(2000) != 0;
    submit(core::ProbeReturned{
        target.service,
        target.replica,
        {ok ? 200 : 0, core::milliseconds(2 + below(9)), ok ? "" : "timeout", ok}});
  }
}

void Fleet::sample() {
  if (!has_load_) return;
  const auto second = static_cast<std::uint32_t>(core::whole_seconds(now_.time_since_epoch()));
  for (std::uint32_t i = 0; i < service_names.size(); ++i) {
    const auto service = model_.services.find(service_names[i]);
    const std::uint32_t at = (second + i * 500) % wave_seconds;
    const std::uint32_t height = at < wave_seconds / 2 ? at : wave_seconds - at;
    core::TrafficSampled sample;
    sample.period = sample_period;
    sample.arrivals = height * 2 * most_arrivals / wave_seconds + below(2);
    sample.completions = sample.arrivals;
    sample.latency_p50 = core::milliseconds(100 + below(50));
    sample.latency_p90 = core::milliseconds(200 + below(100));
    sample.latency_p99 = core::milliseconds(400 + below(400));
    for (const auto& [id, replica] : service->second.replicas)
      if (replica.phase == core::Phase::ready) sample.replicas.push_back({id, below(3)});
    for (const auto& load : sample.replicas) sample.in_flight += load.in_flight;
    submit(core::TrafficReported{service_names[i], std::move(sample)});
  }
}

// A spot machine, or all of one zone, with the notice that clouds give.
void Fleet::take_back(bool whole_zone) {
  std::vector<std::pair<std::string, Machine>> spot;
  for (const auto& [token, machine] : machines_)
    if (machine.order.offer.is_spot()) spot.emplace_back(token, machine);
  if (spot.empty()) return;
  const auto [chosen, of_zone] = spot[below(static_cast<std::uint32_t>(spot.size()))];
  const std::string zone = of_zone.order.offer.place.zone;
  for (const auto& [token, machine] : spot) {
    if (whole_zone ? machine.order.offer.place.zone != zone : token != chosen) continue;
    const auto& [id, order] = machine;
    const auto tell = [this, order](core::InstanceChange change) {
      submit(core::InstanceChanged{order.service, order.replica, order.attempt, change, notice,
                                   "instance-action: terminate"});
    };
    tell(core::InstanceChange::noticed);
    later(notice, [this, token, tell] {
      if (machines_.erase(token) == 1) tell(core::InstanceChange::preempted);
    });
  }
}

// Knuth's 64-bit generator (MMIX); the upper bits are the good ones.
std::uint32_t Fleet::below(std::uint32_t limit) {
  random_ = random_ * 6364136223846793005U + 1442695040888963407U;
  return static_cast<std::uint32_t>((random_ >> 33) % limit);
}

}  // namespace sky::bench
