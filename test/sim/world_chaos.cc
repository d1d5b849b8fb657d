// What goes wrong in a world, and what people type meanwhile.
#include <algorithm>
#include <array>

#include "test/sim/invented.h"
#include "test/sim/world.h"

namespace sky::sim {

using core::Duration;
using core::InstanceChange;
using core::milliseconds;
using core::seconds;

// One misfortune, and the next after a while.
void World::act() {
  agenda_.after(random_.between(seconds(5), seconds(240)), [this] {
    if (is_calm_) return;
    act();
    switch (random_.below(20)) {
      case 0:
      case 1:
      case 2:
      case 3: return hurt_a_machine();
      case 4: return clouds_.storm(random_.one_of(clouds_.spot_zones()));
      case 5: return change_capacity();
      case 6: return change_weather();
      case 7: count("daemon killed"); return kill_daemon(false);
      case 8: count("power cut"); return kill_daemon(true);
      case 9: return kill_balancer();
      case 10: return truncate_log();
      case 11: return stop_daemon_politely();
      case 12: {
        const bool is_far = random_.percent(20);
        wall_offset_ += random_.between(is_far ? -seconds(7200) : -seconds(60),
                                        is_far ? seconds(7200) : seconds(60));
        return count("wall clock jumped");
      }
      default: return type_a_command();
    }
  });
}

void World::hurt_a_machine() {
  const std::vector<Machine*> living = clouds_.living();
  if (living.empty()) return;
  Machine& machine = *random_.one_of(living);
  note("fault: hurts " + machine.id);
  switch (random_.below(6)) {
    case 0: return clouds_.lose(machine, InstanceChange::lost);
    case 1: return clouds_.lose(machine, InstanceChange::user_code_ended);
    case 2:
      ++tally_.faults["server sick"];
      machine.is_sick = true;
      agenda_.after(random_.between(seconds(5), seconds(400)),
                    [this, host = machine.host] { clouds_.by_host(host)->is_sick = false; });
      return;
    case 3: return clouds_.preempt(machine, random_.between(Duration{0}, seconds(3)));
    case 4: return clouds_.preempt(machine, random_.between(seconds(20), seconds(150)));
    default: return clouds_.preempt(machine, Duration{-1});
  }
}

// One draw after the other: in which order arguments are evaluated is the compiler's choice.
void World::change_capacity() {
  const std::uint32_t machines = random_.between(0u, 6u);
  clouds_.set_capacity(random_.one_of(clouds_.spot_zones()), machines);
}

void World::change_weather() {
  clouds_.faults = invent_weather(random_);
  disk_->faults = invent_disk(random_);
  wire_faults_.cut_per_mille = random_.percent(40) ? random_.between(1u, 20u) : 0;
  count("weather changed");
}

void World::truncate_log() {
  if (!daemon_is_open()) return;
  count("log truncated");
  daemon_process_->run([this] {
    const core::Seq newest = daemon_->control().controller().model().seq;
    const cli::Cut wanted{core::Seq{newest.value - newest.value / 4}, "a person asked"};
    daemon_->control().tender().truncate(
        [wanted] { return std::optional(wanted); },
        [this](const core::Result<core::LogTruncated>& cut) {
          note(cut ? "the log begins at #" + std::to_string(cut->first_kept.value)
                   : "not truncated: " + cut.error().text);
        });
  });
}

void World::stop_daemon_politely() {
  if (!daemon_is_open()) return;
  count("daemon stopped");
  daemon_process_->run([this] {
    daemon_->control().stop("a person asked", [this] {
      daemon_->control().tender().take_last();
      daemon_process_->kill();
    });
  });
}

void World::type_a_command() {
  constexpr std::array<const char*, 3> names = {"llama", "qwen", "phi"};
  const core::ServiceName name = random_.one_of(names);
  const auto known = specs_.find(name);
  const bool is_up = witness_.model().services.contains(name);
  if (!is_up || known == specs_.end()) {
    const core::ServiceSpec spec = invent_service(random_, name);
    specs_.insert_or_assign(name, spec);
    secrets_[name] = {{"KEY", "the-secret-of-" + name + "-" + std::to_string(options_.seed)}};
    witness_.keep_secret(secrets_[name].front().second);
    note("up " + name);
    return submit(core::UpRequested{spec, clouds_.offers, "ada"});
  }
  switch (random_.below(5)) {
    case 0: note("down " + name); return submit(core::DownRequested{name, "ada"});
    case 1: {
      note("preempt " + name);
      core::PreemptRequested preempt{name, {}, "", 2, "ada"};
      if (random_.percent(50)) preempt = {name, {}, random_.one_of(clouds_.spot_zones()), 0, "ada"};
      return submit(preempt);
    }
    default: {
      const core::ServiceSpec spec = change_service(random_, known->second);
      specs_.insert_or_assign(name, spec);
      const bool is_blue_green = random_.percent(30);
      note("update " + name + (is_blue_green ? " blue_green" : " rolling"));
      return submit(core::UpdateRequested{
          spec, clouds_.offers,
          is_blue_green ? core::UpdateMode::blue_green : core::UpdateMode::rolling, "ada"});
    }
  }
}

void World::run_clients(const core::ServiceName& name) {
  if (is_calm_) return;
  const auto spec = specs_.find(name);
  if (spec == specs_.end()) {
    agenda_.after(seconds(120), [this, name] { run_clients(name); });
    return;
  }
  const LoadPiece piece = next_load(random_, spec->second);
  agenda_.after(piece.length, [this, name] { run_clients(name); });
  if (piece.rate.value > 0)
    send_requests(name, now() + piece.length, piece.rate.value, piece.is_jittery);
}

// The next request, and so on until then; `rate` in thousandths a second.
void World::send_requests(const core::ServiceName& name, Duration until, std::int64_t rate,
                          bool is_jittery) {
  std::int64_t factor = random_.between(500u, 1500u);
  if (is_jittery) factor = random_.between(250u, 2000u);
  const Duration gap{1'000'000 * factor / std::max<std::int64_t>(rate, 1)};
  if (now() + gap >= until) return;
  agenda_.after(gap, [this, name, until, rate, is_jittery] {
    send_requests(name, until, rate, is_jittery);
    if (!balancer_ || !balancer_process_->is_alive()) return;
    const Duration work = random_.percent(2) ? random_.between(seconds(10), seconds(150))
                                             : random_.between(milliseconds(50), seconds(4));
    balancer_process_->run([&] { balancer_->take_request(name, work); });
  });
}

}  // namespace sky::sim
