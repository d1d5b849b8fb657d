// The lives of the world's two processes, and the wire between them.
#include <utility>

#include "test/sim/world.h"

namespace sky::sim {

using core::Duration;
using core::milliseconds;
using core::seconds;

void World::start_daemon() {
  ProcessConditions conditions;
  conditions.slowest_job = random_.percent(20) ? seconds(3) : milliseconds(200);
  if (!is_calm_ && random_.percent(70))
    conditions.dies_at_edge = 1 + random_.below(std::uint64_t{1} << random_.between(3u, 14u));
  if (options_.mutations.has(Mutation::timer_ignored)) conditions.lost_alarms_per_mille = 200;
  daemon_process_ = std::make_unique<Process>(agenda_, random_.next(), conditions, [this] {
    count(daemon_ && daemon_->is_open() ? "daemon died at a word" : "daemon died while starting");
    daemon_died();
  });
  daemon_ = std::make_unique<DaemonProcess>(
      *daemon_process_, DaemonEdges{.disk = *disk_,
                                    .clouds = clouds_,
                                    .witness = witness_,
                                    .secrets = secrets_,
                                    .mutations = options_.mutations,
                                    .retention = retention_,
                                    .read_clocks =
                                        [this] {
                                          return adapters::ClockReading{now(), wall()};
                                        },
                                    .set_balancer_needed =
                                        [this](bool needed) {
                                          balancer_is_needed_ = needed;
                                          start_balancer_soon();
                                        },
                                    .balancer_gone = [this] { start_balancer_soon(); }});
  ++lives_;
  note("the daemon starts, life " + std::to_string(lives_));
  daemon_process_->run([this] { daemon_->start(); });
  daemon_process_->after_task = [this] { after_daemon_task(); };
}

// Called from inside the dying process: it is buried when that has unwound.
void World::daemon_died() {
  disk_->process_ended();
  Duration away = random_.between(milliseconds(50), seconds(20));
  if (random_.percent(10)) away = random_.between(seconds(60), seconds(600));
  if (is_calm_) away = milliseconds(100);
  agenda_.after(Duration{0}, [this] {
    daemon_.reset();
    daemon_process_.reset();
  });
  agenda_.after(away, [this] { start_daemon(); });
}

void World::kill_daemon(bool with_power) {
  if (!daemon_process_ || !daemon_process_->is_alive()) return;
  if (with_power) {
    disk_->cut_power();
    kill_balancer();
  }
  daemon_process_->kill();
}

void World::start_balancer_soon() {
  const bool has_one = balancer_process_ && balancer_process_->is_alive();
  if (!balancer_is_needed_ || has_one || std::exchange(balancer_starts_, true)) return;
  agenda_.after(random_.between(milliseconds(50), milliseconds(600)), [this] {
    balancer_starts_ = false;
    const bool is_wanted = balancer_is_needed_ && daemon_process_ && daemon_process_->is_alive();
    if (is_wanted && (!balancer_process_ || !balancer_process_->is_alive())) start_balancer();
  });
}

void World::start_balancer() {
  balancer_.reset();
  balancer_process_ =
      std::make_unique<Process>(agenda_, random_.next(), ProcessConditions{}, [] {});
  balancer_ = std::make_unique<BalancerProcess>(
      *balancer_process_, BalancerEdges{.dial = [this](auto done) { return dial(std::move(done)); },
                                        .clouds = clouds_,
                                        .witness = witness_,
                                        .cache = table_cache_,
                                        .wall = [this] { return wall(); },
                                        .pid = static_cast<std::int64_t>(lives_ + 1000),
                                        .mutations = options_.mutations,
                                        .busy_port_per_mille = is_calm_ ? 0u : 20u});
  note("the balancer starts");
  balancer_process_->run([this] { balancer_->start(); });
}

void World::kill_balancer() {
  if (!balancer_process_ || !balancer_process_->is_alive()) return;
  count("balancer killed");
  balancer_process_->kill();
  witness_.balancer_died();
  agenda_.after(Duration{0}, [this] {
    if (!balancer_process_ || balancer_process_->is_alive()) return;
    balancer_.reset();
    balancer_process_.reset();
    start_balancer_soon();
  });
}

std::unique_ptr<adapters::ByteStream> World::dial(std::function<void(core::Result<void>)> done) {
  if (!daemon_is_open()) {
    // An end without another: it is told so, later.
    static const WireFaults none;
    auto [end, other] = make_wire(*balancer_process_, *balancer_process_, none, random_, {}, {});
    balancer_process_->later(milliseconds(1), [done = std::move(done)] {
      done(core::Error{core::ErrorCode::unavailable, "nobody listens"});
    });
    return std::move(end);
  }
  auto [left, right] =
      make_wire(*balancer_process_, *daemon_process_, wire_faults_, random_, {}, {77, 0});
  auto accepted = std::make_shared<std::unique_ptr<adapters::ByteStream>>(std::move(right));
  daemon_process_->later(milliseconds(1), [this, accepted] {
    daemon_->control().followers().accept(std::move(*accepted));
  });
  balancer_process_->later(milliseconds(1), [done = std::move(done)] { done({}); });
  return std::move(left);
}

void World::submit(core::InputBody body) {
  if (!daemon_is_open()) return;
  daemon_process_->run([this, &body] {
    cli::Controller& controller = daemon_->control().controller();
    const auto needed = std::make_shared<core::Seq>();
    controller.submit(std::move(body), [this, needed](const core::Result<void>& done) {
      if (done) witness_.replied(*needed);
      if (!done) note("refused: " + done.error().text);
    });
    *needed = controller.model().seq;
  });
}

}  // namespace sky::sim
