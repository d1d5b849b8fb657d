#include "adapters/sandbox/sandbox_cloud.h"

#include <algorithm>
#include <utility>

#include "adapters/clock.h"
#include "adapters/sandbox/machine_directory.h"
#include "adapters/sandbox/room.h"
#include "adapters/sandbox/sandbox_cloud_held.h"

namespace sky::adapters::sandbox {
namespace {

// Beyond its grace a machine that was told to end gets this long before it is killed itself.
constexpr core::Duration end_allowance = core::seconds(8);
// Machines that are gone stay on record, so that a restart reports them again: this many.
constexpr std::size_t max_records = 64;
constexpr std::size_t max_logs_per_service = 200;  // files, each at most max_log_bytes

}  // namespace

SandboxCloud::SandboxCloud(Reactor& reactor, const CatalogCloud& catalog, SandboxSettings settings,
                           OnChange on_change)
    : reactor_(reactor),
      catalog_(catalog),
      settings_(std::move(settings)),
      on_change_(std::move(on_change)),
      directory_(settings_.home / "sandbox" / path_part(settings_.log_id) / catalog.name),
      market_start_(read_market_start(directory_.parent_path())),
      market_timer_(reactor),
      self_(std::make_shared<SandboxCloud*>(this)),
      worker_(reactor.make_background()) {
  if (settings_.program.empty()) settings_.program = "/proc/self/exe";
  std::error_code ignored;
  const auto resolved = std::filesystem::canonical(settings_.program, ignored);
  if (!ignored) settings_.program = resolved;
  adopt_all();
  follow_market();
}

SandboxCloud::~SandboxCloud() { *self_ = nullptr; }

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
    on_worker([directory = directory_ / records[i].second] { remove_machine(directory); }, {});
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
  if (!held->launches.empty()) start_again(machine, *held);
  answer_launches(*held);
  if (held->launches.empty()) report_changes(*held);
  if (!held->terminations.empty()) answer_terminations(machine);
}

// ---- answers to launches

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
    const auto starting = starting_.find(machine);
    if (starting != starting_.end()) {
      starting->second.terminations.push_back(std::move(done));
      return;
    }
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
  if (held.machine->has_process() || starting_.contains(machine)) return;
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
  on_worker(
      [directory = directory_ / machine, log] {
        remove_machine(directory);
        keep_newest(log.parent_path(), max_logs_per_service);
      },
      [waiting] {
        for (const TerminateDone& done : waiting) done(std::monostate{});
      });
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

// What blocks on the disk or on a new process. In the order given, so that a machine's directory
// is made only after one of the same name was removed.
void SandboxCloud::on_worker(std::function<void()> job, std::function<void()> then) {
  worker_->run([this, self = self_, job = std::move(job), then = std::move(then)] {
    job();
    if (!then) return;
    // May run after we are gone: `self` is then empty. It is read on the loop thread only.
    reactor_.post([self, then] {
      if (*self != nullptr) then();
    });
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
