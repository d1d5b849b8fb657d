#include "test/adapters/sandbox_world.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "adapters/durable_file.h"
#include "adapters/process.h"
#include "adapters/sandbox/machine_directory.h"
#include "adapters/sandbox/user_program.h"
#include "core/check.h"
#include "test/adapters/loop.h"

namespace sky::adapters::sandbox {
namespace {

const core::LogId log_id = "0123456789abcdef0123456789abcdef";

}  // namespace

World::World(std::string cloud) : name_(std::move(cloud)) {
  std::string path = (std::filesystem::temp_directory_path() / "sky-sandbox-XXXXXX").string();
  SKY_CHECK(mkdtemp(path.data()) != nullptr, "tests can make a directory");
  home_ = path;
}

World::~World() {
  for (const auto& directory : list_machines(home_ / "sandbox" / log_id / name_)) {
    if (const auto state = read_state(directory)) signal_process(state->process, SIGKILL);
    signal_marked_processes(machine_mark(directory), SIGKILL);
  }
  cloud_.reset();
  std::filesystem::remove_all(home_);
}

void World::restart() {
  kill_daemon();
  SandboxSettings settings{home_, log_id, program, market, market_speed_percent};
  cloud_ = std::make_unique<SandboxCloud>(
      reactor, *catalog().find(name_), settings,
      [this](const core::InstanceChanged& change) { changes.push_back(change); });
}

void World::kill_daemon() {
  cloud_.reset();
  changes.clear();
}

bool World::wait(const std::function<bool()>& is_true) { return run_until(reactor, is_true); }

std::optional<LaunchAnswer> World::launch(const core::LaunchInstance& order,
                                          const Secrets& secrets) {
  if (!cloud_) restart();
  const auto answer = std::make_shared<std::optional<LaunchAnswer>>();
  cloud_->launch(order, secrets, [answer](auto outcome) {
    SKY_CHECK(!answer->has_value(), "a launch is answered once");
    *answer = std::move(outcome);
  });
  SKY_CHECK(!answer->has_value(), "a launch is never answered from inside the call");
  wait([&] { return answer->has_value(); });
  return *answer;
}

bool World::terminate(const core::LaunchInstance& launched) {
  bool done = false;
  cloud_->terminate(
      {launched.service, launched.replica, launched.attempt, launched.token, launched.offer, true},
      [&](auto outcome) { done = outcome.index() == 0; });
  return wait([&] { return done; });
}

std::vector<core::ListedInstance> World::list() {
  std::optional<std::vector<core::ListedInstance>> listed;
  cloud_->list([&](auto outcome) { listed = std::get<0>(outcome); });
  wait([&] { return listed.has_value(); });
  return *listed;
}

void World::preempt(const core::LaunchInstance& launched) {
  cloud_->preempt(
      {launched.service, launched.replica, launched.attempt, launched.token, launched.offer});
}

std::optional<core::InstanceChanged> World::change(core::InstanceChange change,
                                                   core::ReplicaId replica) {
  const auto is_it = [&](const core::InstanceChanged& candidate) {
    return candidate.change == change && candidate.replica == replica;
  };
  wait([&] { return std::any_of(changes.begin(), changes.end(), is_it); });
  const auto found = std::find_if(changes.begin(), changes.end(), is_it);
  if (found == changes.end()) return std::nullopt;
  return *found;
}

bool World::was_reported(core::InstanceChange change) const {
  return std::any_of(changes.begin(), changes.end(),
                     [&](const auto& candidate) { return candidate.change == change; });
}

std::filesystem::path World::directory(const core::LaunchInstance& order) const {
  return home_ / "sandbox" / log_id / name_ /
         machine_name(order.service, order.replica, order.attempt, order.token);
}

std::string World::output(core::ReplicaId replica) const {
  const auto text = read_file(replica_log(home_, "web", replica));
  return text ? *text : "";
}

std::size_t World::processes() const {
  std::size_t count = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const auto environment = read_file(entry.path() / "environ");
    const auto command = read_file(entry.path() / "cmdline");
    const bool is_inside = environment && environment->find(home_.string()) != std::string::npos;
    const bool is_machine = command && command->find(home_.string()) != std::string::npos;
    if (is_inside || is_machine) ++count;
  }
  return count;
}

core::LaunchInstance an_order(const std::string& run, const std::string& cloud) {
  core::LaunchInstance order;
  order.service = "web";
  order.replica = {1};
  order.attempt = 1;
  order.version = {1};
  order.token = "00000001ffffffffffffffffffffffff";
  for (const core::Offer& offer : catalog().offers()) {
    const bool fits = offer.place.cloud == cloud && offer.accelerator.name == "T4" &&
                      (offer.is_spot() || cloud == "kubernetes");
    const bool is_better = order.offer.vcpus == 0 || offer.price < order.offer.price;
    if (fits && is_better) order.offer = offer;
  }
  order.spec.name = "web";
  order.spec.resources.port = 8888;
  order.spec.task.run = run;
  order.spec.sandbox = {.enabled = true, .speed_percent = 100'000, .market_seed = 1};
  return order;
}

core::LaunchInstance numbered(core::LaunchInstance order, std::uint32_t replica) {
  order.replica = {replica};
  order.token.replace(0, 8, std::to_string(10000000 + replica));
  return order;
}

const core::ProvisionSucceeded* succeeded(const std::optional<LaunchAnswer>& answer) {
  return answer ? std::get_if<core::ProvisionSucceeded>(&*answer) : nullptr;
}

const core::Failure* failed(const std::optional<LaunchAnswer>& answer) {
  return answer ? std::get_if<core::Failure>(&*answer) : nullptr;
}

}  // namespace sky::adapters::sandbox
