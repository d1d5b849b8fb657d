#include "adapters/sandbox/sandbox_cloud.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "adapters/clock.h"
#include "adapters/durable_file.h"
#include "adapters/sandbox/machine_directory.h"
#include "adapters/sandbox/room.h"
#include "adapters/sandbox/sandbox_cloud_held.h"

namespace sky::adapters::sandbox {
namespace {

// From SIGTERM to SIGKILL, before speed; what `docker stop` and pods come near to. A guess.
constexpr core::Duration full_grace = core::seconds(5);
constexpr core::Duration shortest_grace = core::milliseconds(200);
// Beyond its grace a machine that was told to end gets this long before it is killed itself.
constexpr core::Duration end_allowance = core::seconds(8);
// Machines that are gone stay on record, so that a restart reports them again: this many.
constexpr std::size_t max_records = 64;
constexpr std::size_t max_logs_per_service = 200;  // files, each at most max_log_bytes

// Between the shortest and the longest, always the same for the same token.
core::Duration provisioning_time(const CatalogCloud& cloud, const std::string& token) {
  std::uint32_t draw = 0;
  std::from_chars(token.data(), token.data() + std::min<std::size_t>(token.size(), 4), draw, 16);
  const auto range = cloud.longest_provisioning - cloud.shortest_provisioning;
  return cloud.shortest_provisioning + range * draw / 65535;
}

core::Result<void> unreadable() {
  return core::Error{core::ErrorCode::io, "what was written cannot be read back"};
}

core::Failure failure(core::FailureKind kind, core::FailureScope scope, std::string text) {
  return {kind, scope, std::move(text), core::Duration{0}};
}

}  // namespace

SandboxCloud::SandboxCloud(Reactor& reactor, const CatalogCloud& catalog, SandboxSettings settings,
                           OnChange on_change)
    : reactor_(reactor),
      catalog_(catalog),
      settings_(std::move(settings)),
      on_change_(std::move(on_change)),
      directory_(settings_.home / "sandbox" / path_part(settings_.log_id) / catalog.name),
      market_start_(read_market_start(directory_.parent_path())),
      market_timer_(reactor) {
  if (settings_.program.empty()) settings_.program = "/proc/self/exe";
  std::error_code ignored;
  const auto resolved = std::filesystem::canonical(settings_.program, ignored);
  if (!ignored) settings_.program = resolved;
  adopt_all();
  follow_market();
}

SandboxCloud::~SandboxCloud() = default;

// ---- finding machines

void SandboxCloud::adopt_all() {
  for (const auto& directory : list_machines(directory_)) adopt(directory);
  forget_old_records();
}

void SandboxCloud::forget_old_records() {
  std::vector<std::pair<core::WallTime, std::string>> records;
  for (const auto& [machine, held] : machines_) {
    const bool is_record = !is_held(held->machine->fate()) && held->terminations.empty();
    if (is_record) records.emplace_back(held->order().ordered_at, machine);
  }
  std::sort(records.rbegin(), records.rend());
  for (std::size_t i = max_records; i < records.size(); ++i) {
    machines_.erase(records[i].second);
    remove_machine(directory_ / records[i].second);
  }
}

SandboxCloud::Held* SandboxCloud::adopt(const std::filesystem::path& directory) {
  auto order = read_order(directory);
  if (!order) return nullptr;
  const std::string machine = directory.filename();
  auto held = std::make_unique<Held>();
  held->machine = std::make_unique<Machine>(reactor_, directory, std::move(*order),
                                            [this, machine] { on_news(machine); });
  return (machines_[machine] = std::move(held)).get();
}

SandboxCloud::Held* SandboxCloud::find(const std::string& machine) {
  const auto found = machines_.find(machine);
  return found == machines_.end() ? nullptr : found->second.get();
}

void SandboxCloud::on_news(const std::string& machine) {
  Held* held = find(machine);
  if (held == nullptr) return;
  // A process that seemed to begin when we asked may have died with the daemon before us.
  if (!held->launches.empty()) (void)start_machine(*held);
  answer_launches(*held);
  if (held->launches.empty()) report_changes(*held);
  if (!held->terminations.empty()) answer_terminations(machine);
}

// ---- launching

void SandboxCloud::launch(const core::LaunchInstance& order, const Secrets& secrets,
                          LaunchDone done) {
  const std::string machine =
      machine_name(order.service, order.replica, order.attempt, order.token);
  Held* held = find(machine);
  if (held == nullptr) {
    const auto room = room_for(order.offer);
    if (const auto* no = std::get_if<core::Failure>(&room)) {
      const auto latency = scaled(catalog_.refusal, order.spec.sandbox.speed_percent);
      return refuse(std::move(done), *no, latency);
    }
    if (auto made = make_machine(machine, order, std::get<std::uint32_t>(room)); !made) {
      return refuse(std::move(done),
                    failure(core::FailureKind::transient, core::FailureScope::cloud,
                            "The sandbox cannot make a machine: " + made.error().text),
                    core::Duration{0});
    }
    held = adopt(directory_ / machine);
  }
  if (held != nullptr) {
    held->secrets = secrets;
    held->machine->look();
  }
  auto started = held != nullptr ? start_machine(*held) : unreadable();
  if (!started) {
    machines_.erase(machine);
    remove_machine(directory_ / machine);
    return refuse(std::move(done),
                  failure(core::FailureKind::transient, core::FailureScope::cloud,
                          "The sandbox cannot start a machine: " + started.error().text),
                  core::Duration{0});
  }
  held->launches.push_back(std::move(done));
  // It is asked again what became of the machine: everything is told anew after the answer.
  held->has_reported_start = held->has_reported_notice = held->has_reported_end = false;
  later(core::Duration{0}, [this, machine] { on_news(machine); });
  follow_market();
}

core::Result<void> SandboxCloud::start_machine(Held& held) {
  if (held.machine->fate() != Fate::unstarted || held.is_ending) return {};
  if (auto written = write_secrets(held.machine->directory(), held.secrets); !written)
    return written;
  return held.machine->start(settings_.program);
}

core::Result<void> SandboxCloud::make_machine(const std::string& machine,
                                              const core::LaunchInstance& order,
                                              std::uint32_t node) {
  forget_old_records();
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
  return create_machine(directory_ / machine, made);
}

void SandboxCloud::refuse(LaunchDone done, core::Failure failure, core::Duration after) {
  later(after, [done = std::move(done), failure = std::move(failure)] { done(failure); });
}

void SandboxCloud::answer_launches(Held& held) {
  const Fate fate = held.machine->fate();
  if (held.launches.empty() || fate == Fate::provisioning || fate == Fate::unstarted) return;
  std::variant<core::ProvisionSucceeded, core::Failure> answer;
  if (held.machine->port() != 0) {
    answer = core::ProvisionSucceeded{held.order().attempt,
                                      held.machine->directory().filename().string(), "127.0.0.1",
                                      held.machine->port()};
  } else if (fate == Fate::preempted) {
    answer = failure(core::FailureKind::capacity, core::FailureScope::zone,
                     "The machine was taken back while it was being provisioned.");
  } else if (fate == Fate::terminated) {
    answer = failure(core::FailureKind::not_found, core::FailureScope::request,
                     "The machine was terminated while it was being provisioned.");
  } else {
    answer =
        failure(core::FailureKind::transient, core::FailureScope::request,
                "The machine vanished while it was being provisioned. " + held.machine->text());
  }
  held.secrets.clear();
  for (LaunchDone& done : std::exchange(held.launches, {})) done(answer);
}

// ---- changes

void SandboxCloud::report_changes(Held& held) {
  const Machine& machine = *held.machine;
  const Fate fate = machine.fate();
  const auto report = [&](core::InstanceChange change, const std::string& text,
                          core::Duration notice_left = core::Duration{0}) {
    const MachineOrder& order = machine.order();
    on_change_({order.service, order.replica, order.attempt, change, notice_left, text});
  };
  if (fate == Fate::started && !std::exchange(held.has_reported_start, true)) {
    report(core::InstanceChange::started, "");
  }
  const bool runs = fate == Fate::provisioning || fate == Fate::running || fate == Fate::started;
  if (runs && machine.notice() && !std::exchange(held.has_reported_notice, true)) {
    const core::Duration left = machine.notice()->deadline - wall_now();
    report(core::InstanceChange::noticed, machine.notice()->text,
           std::max(left, core::Duration{0}));
  }
  const bool is_told = held.is_ending || machine.is_asked_to_end();
  const bool is_news = fate == Fate::preempted || fate == Fate::ended ||
                       ((fate == Fate::lost || fate == Fate::terminated) && !is_told);
  if (!is_news || std::exchange(held.has_reported_end, true)) return;
  if (fate == Fate::preempted) {
    report(core::InstanceChange::preempted, machine.notice() ? machine.notice()->text : "");
  } else if (fate == Fate::ended) {
    report(core::InstanceChange::user_code_ended, machine.text());
  } else {
    report(core::InstanceChange::lost, "The machine's process is gone.");
  }
}

void SandboxCloud::give_notice(Held& held) {
  const MachineOrder& order = held.order();
  (void)held.machine->give_notice({wall_now() + order.notice, notice_text(catalog_, order.offer)});
}

void SandboxCloud::preempt(const core::PreemptInstance& order) {
  Held* held = find(machine_name(order.service, order.replica, order.attempt, order.token));
  if (held != nullptr && is_held(held->machine->fate())) give_notice(*held);
}

// ---- ending

void SandboxCloud::terminate(const core::TerminateInstance& order, TerminateDone done) {
  end_machine(machine_name(order.service, order.replica, order.attempt, order.token),
              std::move(done));
}

void SandboxCloud::terminate_orphan(const core::TerminateOrphan& order, TerminateDone done) {
  end_machine(order.instance_id, std::move(done));
}

void SandboxCloud::end_machine(const std::string& machine, TerminateDone done) {
  Held* held = find(machine);
  if (held == nullptr) {
    return later(core::Duration{0}, [done = std::move(done)] { done(std::monostate{}); });
  }
  held->terminations.push_back(std::move(done));
  held->machine->end();
  if (std::exchange(held->is_ending, true)) return;
  later(held->order().grace + end_allowance, [this, machine] {
    if (Held* still = find(machine)) still->machine->kill();
  });
}

// The machine is gone when its process is; only then is the user told so.
void SandboxCloud::answer_terminations(const std::string& machine) {
  Held& held = *find(machine);
  if (held.machine->has_process()) return;
  const auto log = held.order().log;
  for (LaunchDone& done : std::exchange(held.launches, {})) {
    refuse(std::move(done),
           failure(core::FailureKind::not_found, core::FailureScope::request,
                   "The machine was terminated before it ran."),
           core::Duration{0});
  }
  const auto waiting = std::exchange(held.terminations, {});
  const Fate fate = held.machine->fate();
  // A machine that could not end by itself may have left somebody behind.
  if (is_held(fate) && fate != Fate::ended) held.machine->kill();
  machines_.erase(machine);
  remove_machine(directory_ / machine);
  keep_newest(log.parent_path(), max_logs_per_service);
  for (const TerminateDone& done : waiting) done(std::monostate{});
}

// ---- listing

void SandboxCloud::list(ListDone done) {
  std::vector<core::ListedInstance> instances;
  for (const auto& [machine, held] : machines_) {
    held->machine->look();
    if (!is_held(held->machine->fate()) || held->is_ending) continue;
    const MachineOrder& order = held->order();
    instances.push_back({machine, order.offer.place, order.service, order.replica, order.attempt});
  }
  later(core::Duration{0},
        [done = std::move(done), instances = std::move(instances)] { done(instances); });
}

void SandboxCloud::later(core::Duration after, std::function<void()> task) {
  const std::uint64_t id = ++last_timer_;
  auto& timer = timers_[id] = std::make_unique<Timer>(reactor_);
  timer->start(after, [this, id, task = std::move(task)] {
    timers_.erase(id);
    task();
  });
}

std::vector<std::unique_ptr<SandboxCloud>> make_sandbox_clouds(Reactor& reactor,
                                                               const SandboxSettings& settings,
                                                               const OnChange& on_change) {
  std::vector<std::unique_ptr<SandboxCloud>> clouds;
  for (const CatalogCloud& cloud : catalog().clouds) {
    clouds.push_back(std::make_unique<SandboxCloud>(reactor, cloud, settings, on_change));
  }
  return clouds;
}

std::filesystem::path replica_log(const std::filesystem::path& home,
                                  const core::ServiceName& service, core::ReplicaId replica) {
  return home / "logs" / path_part(service) / (std::to_string(replica.value) + ".log");
}

}  // namespace sky::adapters::sandbox
