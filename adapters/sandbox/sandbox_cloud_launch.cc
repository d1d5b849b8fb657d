// SandboxCloud's launches: the answer, the directory and the process are made away from the loop.
//
// From the call to the end of the job a machine is in `starting_`: it has its room, and whoever
// asks for its launch or its end again waits for the one job that there is.

#include <algorithm>
#include <charconv>
#include <utility>

#include "adapters/clock.h"
#include "adapters/process.h"
#include "adapters/sandbox/instance.h"
#include "adapters/sandbox/machine_directory.h"
#include "adapters/sandbox/sandbox_cloud_held.h"

namespace sky::adapters::sandbox {
namespace {

// From SIGTERM to SIGKILL, before speed; what `docker stop` and pods come near to. A guess.
constexpr core::Duration full_grace = core::seconds(5);
constexpr core::Duration shortest_grace = core::milliseconds(200);

// Between the shortest and the longest, always the same for the same token.
core::Duration provisioning_time(const CatalogCloud& cloud, const std::string& token) {
  std::uint32_t draw = 0;
  std::from_chars(token.data(), token.data() + std::min<std::size_t>(token.size(), 4), draw, 16);
  const auto range = cloud.longest_provisioning - cloud.shortest_provisioning;
  return cloud.shortest_provisioning + range * draw / 65535;
}

// Blocks: the disk, and until the new program has taken over.
core::Result<ProcessIdentity> start_machine(const std::filesystem::path& directory,
                                            const MachineOrder& order, const Secrets& secrets,
                                            const std::filesystem::path& program, bool is_new) {
  if (is_new)
    if (auto made = create_machine(directory, order); !made) return made.error();
  auto written = write_secrets(directory, secrets);
  auto process = written ? spawn_detached(program, {instance_command, directory.string()})
                         : core::Result<ProcessIdentity>(written.error());
  if (!process) remove_machine(directory);
  return process;
}

}  // namespace

void SandboxCloud::launch(const core::LaunchInstance& order, const Secrets& secrets,
                          LaunchDone done) {
  const std::string machine =
      machine_name(order.service, order.replica, order.attempt, order.token);
  if (const auto starting = starting_.find(machine); starting != starting_.end()) {
    starting->second.launches.push_back(std::move(done));
    return;
  }
  if (Held* held = find(machine)) {
    held->secrets = secrets;
    held->machine->look();
    start_again(machine, *held);
    return await_answer(machine, *held, std::move(done));
  }
  const auto room = room_for(order.offer);
  if (const auto* no = std::get_if<core::Failure>(&room)) {
    const auto latency = scaled(catalog_.refusal, order.spec.sandbox.speed_percent);
    return refuse(std::move(done), *no, latency);
  }
  forget_old_records();
  const MachineOrder made = machine_order(order, std::get<std::uint32_t>(room));
  start(machine, made, secrets, true).launches.push_back(std::move(done));
}

MachineOrder SandboxCloud::machine_order(const core::LaunchInstance& order,
                                         std::uint32_t node) const {
  const std::uint32_t speed = order.spec.sandbox.speed_percent;
  MachineOrder made;
  made.service = order.service;
  made.replica = order.replica;
  made.attempt = order.attempt;
  made.token = order.token;
  made.offer = order.offer;
  made.node = node;
  made.service_port = order.spec.resources.port;
  made.setup = order.spec.task.setup;
  made.run = order.spec.task.run;
  made.workdir = order.spec.task.workdir;
  made.envs = order.spec.task.envs;
  made.ordered_at = wall_now();
  made.provisioning = scaled(provisioning_time(catalog_, order.token), speed);
  made.notice = scaled(catalog_.notice, speed);
  made.grace = std::max(shortest_grace, scaled(full_grace, speed));
  made.log = replica_log(settings_.home, order.service, order.replica);
  return made;
}

SandboxCloud::Starting& SandboxCloud::start(const std::string& machine, const MachineOrder& order,
                                            const Secrets& secrets, bool is_new) {
  Starting& starting = starting_[machine];
  starting.order = order;
  starting.secrets = secrets;
  const auto process = std::make_shared<core::Result<ProcessIdentity>>(ProcessIdentity{});
  on_worker([process, directory = directory_ / machine, order, secrets, program = settings_.program,
             is_new] { *process = start_machine(directory, order, secrets, program, is_new); },
            [this, process, machine] { finish_start(machine, *process); });
  return starting;
}

// An order whose process never began, or began and died with the daemon before us.
void SandboxCloud::start_again(const std::string& machine, const Held& held) {
  if (held.machine->fate() != Fate::unstarted || held.is_ending) return;
  if (!starting_.contains(machine)) start(machine, held.order(), held.secrets, false);
}

void SandboxCloud::finish_start(const std::string& machine,
                                const core::Result<ProcessIdentity>& process) {
  Starting starting = std::move(starting_.extract(machine).mapped());
  Held* held = find(machine);
  if (process && held == nullptr) held = adopt(directory_ / machine);
  if (!process || held == nullptr) {
    const std::string why = process ? "what was written cannot be read back" : process.error().text;
    return give_up(machine, std::move(starting), why);
  }
  held->machine->take_process(*process);
  held->secrets = std::move(starting.secrets);
  for (LaunchDone& done : starting.launches) await_answer(machine, *held, std::move(done));
  for (TerminateDone& done : starting.terminations) end_machine(machine, std::move(done));
  later(core::Duration{0}, [this, machine] { on_news(machine); });
  follow_market();
}

// It is asked again what became of the machine: everything is told anew after the answer.
void SandboxCloud::await_answer(const std::string& machine, Held& held, LaunchDone done) {
  held.launches.push_back(std::move(done));
  held.has_reported_start = held.has_reported_notice = held.has_reported_end = false;
  later(core::Duration{0}, [this, machine] { on_news(machine); });
}

void SandboxCloud::refuse(LaunchDone done, core::Failure failure, core::Duration after) {
  later(after, [done = std::move(done), failure = std::move(failure)] { done(failure); });
}

void SandboxCloud::give_up(const std::string& machine, Starting starting, const std::string& why) {
  if (Held* held = find(machine)) {
    std::move(held->launches.begin(), held->launches.end(), std::back_inserter(starting.launches));
    std::move(held->terminations.begin(), held->terminations.end(),
              std::back_inserter(starting.terminations));
    machines_.erase(machine);
  }
  for (LaunchDone& done : starting.launches) {
    refuse(std::move(done),
           failure(core::FailureKind::transient, core::FailureScope::cloud,
                   "The sandbox cannot start a machine: " + why),
           core::Duration{0});
  }
  for (TerminateDone& done : starting.terminations) done(std::monostate{});
}

}  // namespace sky::adapters::sandbox
