#include "test/sim/clouds.h"

#include <algorithm>
#include <array>

namespace sky::sim {
namespace {

using core::Duration;
using core::Failure;
using core::FailureKind;
using core::FailureScope;
using core::InstanceChange;
using core::Market;
using core::seconds;

constexpr std::uint32_t quota_per_region = 6;  // machines of one market
constexpr std::uint32_t calls_per_window = 6;
constexpr Duration throttle_window = seconds(10);

core::Offer offer(const char* cloud, const char* region, const char* zone, Market market,
                  std::int64_t milli_usd) {
  core::Offer made;
  made.place = {cloud, region, zone};
  made.instance_type = std::string(cloud) + "-t4";
  made.market = market;
  made.accelerator = {"T4", 1};
  made.vcpus = 4;
  made.memory_mib = 16384;
  made.price = {milli_usd * 1000};
  made.on_demand_price = {market == Market::spot ? 500'000 : milli_usd * 1000};
  return made;
}

std::vector<core::Offer> all_offers(Random& random) {
  const auto spot = [&random](const char* cloud, const char* region, const char* zone) {
    return offer(cloud, region, zone, Market::spot, random.between(90u, 200u));
  };
  return {offer("kubernetes", "cluster", "", Market::on_demand, 0),
          spot("aws", "east", "east-a"),
          spot("aws", "east", "east-b"),
          spot("aws", "west", "west-a"),
          spot("gcp", "central", "central-a"),
          spot("gcp", "central", "central-b"),
          offer("aws", "east", "east-a", Market::on_demand, 500),
          offer("gcp", "central", "central-a", Market::on_demand, 550)};
}

}  // namespace

Clouds::Clouds(Agenda& agenda, std::uint64_t seed, MutationSet mutations, Tally& tally)
    : random(seed), agenda_(agenda), mutations_(mutations), tally_(tally) {
  offers = all_offers(random);
  capacity_[""] = random.between(1u, 4u);  // the cluster is small
  for (const core::Offer& one : offers)
    if (one.is_spot()) capacity_[one.place.zone] = random.between(1u, 6u);
}

Failure Clouds::some_failure(const core::Offer& offer) {
  using enum FailureKind;
  constexpr std::array kinds = {
      capacity,  capacity,  capacity, capacity,  quota,         price,         unsupported,
      throttled, throttled, auth,     forbidden, transient,     transient,     transient,
      conflict,  not_found, gone,     unknown,   indeterminate, indeterminate, invalid};
  constexpr std::array scopes = {FailureScope::request, FailureScope::zone, FailureScope::region,
                                 FailureScope::cloud, FailureScope::account};
  Failure failure;
  failure.kind = random.one_of(kinds);
  if (failure.kind == invalid && random.percent(70)) failure.kind = capacity;
  failure.scope = random.one_of(scopes);
  failure.text = std::string(core::to_text(failure.kind)) + " says " + offer.place.cloud;
  if (random.percent(30)) failure.retry_after = random.between(seconds(1), seconds(90));
  return failure;
}

std::optional<Failure> Clouds::limit_reached(const core::Offer& offer) {
  auto& [since, count] = calls_[offer.place.cloud];
  if (agenda_.now() - since > throttle_window) since = agenda_.now(), count = 0;
  if (++count > calls_per_window)
    return Failure{FailureKind::throttled, FailureScope::account, "slow down", seconds(5)};
  std::uint32_t in_zone = 0, in_region = 0;
  for (const auto& [token, machine] : machines_) {
    if (machine.is_gone || machine.offer.market != offer.market ||
        machine.offer.place.cloud != offer.place.cloud ||
        machine.offer.place.region != offer.place.region)
      continue;
    ++in_region;
    in_zone += machine.offer.place == offer.place ? 1 : 0;
  }
  const auto capacity = capacity_.find(offer.place.zone);
  const bool is_limited = offer.is_spot() || !offer.is_paid();
  if (is_limited && capacity != capacity_.end() && in_zone >= capacity->second)
    return Failure{FailureKind::capacity, FailureScope::zone, "no capacity", Duration{0}};
  if (offer.is_paid() && in_region >= quota_per_region)
    return Failure{FailureKind::quota, FailureScope::region, "quota exceeded", Duration{0}};
  return {};
}

Clouds::Launch Clouds::launch(const core::LaunchInstance& order, const std::string& token) {
  const auto known = machines_.find(token);
  if (known != machines_.end()) return {&known->second, {}};
  if (faults.has_limits)
    if (auto refused = limit_reached(order.offer)) {
      ++tally_.faults["launch refused by a limit"];
      return {nullptr, *refused};
    }
  if (random.percent(faults.refused_percent)) {
    ++tally_.faults["launch refused"];
    return {nullptr, some_failure(order.offer)};
  }
  return {&make(order, token), {}};
}

Machine& Clouds::make(const core::LaunchInstance& order, const std::string& token) {
  const std::size_t number = order_.size() + 1;
  Machine& made = machines_[token];
  order_.push_back(token);
  made.id = "i-" + std::to_string(number);
  made.token = token;
  made.service = order.service;
  made.replica = order.replica;
  made.attempt = order.attempt;
  made.offer = order.offer;
  made.host = "10.0." + std::to_string(number / 200) + "." + std::to_string(number % 200 + 1);
  made.runs_at = agenda_.now() + random.between(core::milliseconds(500), seconds(40));
  made.serves_at = made.runs_at + random.between(core::milliseconds(500), faults.slowest_start);
  made.never_serves = order.spec.task.run.find("broken") != std::string::npos ||
                      random.percent(faults.never_serves_percent);
  token_by_host_[made.host] = token;
  ++tally_.machines;
  if (on_made) on_made(made);
  return made;
}

std::variant<std::monostate, Failure> Clouds::terminate(const std::string& token) {
  if (random.percent(faults.termination_failed_percent)) {
    using enum FailureKind;
    constexpr std::array kinds = {transient, throttled, indeterminate, auth, unknown};
    ++tally_.faults["termination refused"];
    return Failure{random.one_of(kinds), FailureScope::request, "not now", Duration{0}};
  }
  const auto found = machines_.find(token);
  if (found != machines_.end() && !mutations_.has(Mutation::termination_faked))
    remove(found->second);
  return std::monostate{};
}

std::variant<std::monostate, Failure> Clouds::terminate_by_id(const std::string& id) {
  for (const std::string& token : order_)
    if (machines_.at(token).id == id) return terminate(token);
  return std::monostate{};
}

void Clouds::remove(Machine& machine) { machine.is_gone = true; }

std::vector<core::ListedInstance> Clouds::list(const std::string& cloud) const {
  std::vector<core::ListedInstance> found;
  for (const std::string& token : order_) {
    const Machine& machine = machines_.at(token);
    if (machine.is_gone || machine.offer.place.cloud != cloud) continue;
    if (mutations_.has(Mutation::sweep_blind)) break;
    found.push_back(
        {machine.id, machine.offer.place, machine.service, machine.replica, machine.attempt});
  }
  return found;
}

Machine* Clouds::by_host(const std::string& host) {
  const auto token = token_by_host_.find(host);
  return token == token_by_host_.end() ? nullptr : &machines_.at(token->second);
}

void Clouds::preempt(Machine& machine, Duration notice) {
  if (machine.is_gone) return;
  if (notice < Duration{0}) return lose(machine, InstanceChange::preempted);
  ++tally_.faults["notice"];
  tell(machine, InstanceChange::noticed, notice, "to be reclaimed");
  agenda_.after(notice, [this, token = machine.token] {
    lose(machines_.at(token), InstanceChange::preempted);
  });
}

void Clouds::lose(Machine& machine, InstanceChange how) {
  if (machine.is_gone) return;
  if (how == InstanceChange::user_code_ended)
    machine.never_serves = true;
  else
    remove(machine);
  if (random.percent(faults.silent_loss_percent)) {
    ++tally_.faults["machine lost without a word"];
    return;
  }
  ++tally_.faults[how == InstanceChange::preempted         ? "preempted"
                  : how == InstanceChange::user_code_ended ? "program ended"
                                                           : "machine lost"];
  tell(machine, how, Duration{0}, "the cloud's words");
}

void Clouds::storm(const std::string& zone) {
  ++tally_.faults["storm"];
  for (Machine* machine : living()) {
    if (machine->offer.place.zone != zone || !machine->offer.is_spot()) continue;
    const std::uint64_t kind = random.below(4);
    const Duration early = random.between(seconds(20), seconds(150));
    const Duration late = random.between(Duration{0}, seconds(3));
    if (kind != 3) preempt(*machine, kind == 0 ? early : kind == 1 ? late : Duration{-1});
  }
}

void Clouds::set_capacity(const std::string& zone, std::uint32_t machines) {
  capacity_[zone] = machines;
}

std::vector<Machine*> Clouds::living() {
  std::vector<Machine*> found;
  for (const std::string& token : order_)
    if (!machines_.at(token).is_gone) found.push_back(&machines_.at(token));
  return found;
}

std::vector<std::string> Clouds::spot_zones() const {
  std::vector<std::string> zones;
  for (const core::Offer& one : offers)
    if (one.is_spot()) zones.push_back(one.place.zone);
  return zones;
}

void Clouds::tell(const Machine& machine, InstanceChange change, Duration notice,
                  const std::string& text) {
  if (!on_news) return;
  const core::InstanceChanged news{machine.service, machine.replica, machine.attempt,
                                   change,          notice,          text};
  on_news(machine.offer.place.cloud, news);
}

}  // namespace sky::sim
