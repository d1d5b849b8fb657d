// One world: a daemon, a balancer, their disk and wires, the clouds, users and clients, and
// whatever can go wrong with them. One seed, one history.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "test/sim/balancer_process.h"
#include "test/sim/clouds.h"
#include "test/sim/daemon_process.h"
#include "test/sim/modelled_disk.h"
#include "test/sim/process.h"
#include "test/sim/tally.h"
#include "test/sim/wire.h"
#include "test/sim/witness.h"

namespace sky::sim {

struct WorldOptions {
  std::uint64_t seed = 1;
  core::Duration length = core::seconds(7200);  // of the faults; the calm afterwards comes on top
  MutationSet mutations;
  std::uint32_t steady_replicas = 0;  // not 0: nothing goes wrong, one service of so many replicas
  MakeDisk make_disk = modelled_disk;
  std::function<void(const std::string&)> trace;  // one line for each event and each fault
};

class World {
 public:
  World(WorldOptions options, Tally& tally);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Until the end, or until something is broken.
  void run();

  const std::optional<Witness::Broken>& broken() const { return witness_.broken(); }
  std::uint64_t hash() const { return witness_.hash(); }
  // What happened last, oldest first: for the one who looks at a failure.
  std::string last_words(std::size_t lines = 40) const;
  Witness& witness() { return witness_; }

 private:
  void run_hostile();
  void run_steady();
  void pass(core::Duration time);  // until then, or until something is broken
  void note(const std::string& what);  // a fault, or a person's word
  void count(const std::string& fault);
  core::Duration now() const { return agenda_.now(); }
  core::WallTime wall() const;

  // world_processes.cc
  void start_daemon();
  void daemon_died();
  void kill_daemon(bool with_power);
  void start_balancer_soon();
  void start_balancer();
  void kill_balancer();
  std::unique_ptr<adapters::ByteStream> dial(std::function<void(core::Result<void>)> done);
  void after_daemon_task();
  bool daemon_is_open() const {
    return daemon_ && daemon_process_->is_alive() && daemon_->is_open();
  }
  void submit(core::InputBody body);

  // world_chaos.cc
  void act();
  void hurt_a_machine();
  void type_a_command();
  void change_capacity();
  void change_weather();
  void truncate_log();
  void stop_daemon_politely();
  void run_clients(const core::ServiceName& name);
  void send_requests(const core::ServiceName& name, core::Duration until, std::int64_t rate,
                     bool is_jittery);

  // world_calm.cc
  void calm_down();
  void expect_targets();
  void expect_nothing_left();
  std::string missing_replicas() const;
  std::string what_is_left();

  const WorldOptions options_;
  Tally& tally_;
  Random random_;
  Agenda agenda_;
  Witness witness_;
  const std::unique_ptr<Disk> disk_;
  Clouds clouds_;
  WireFaults wire_faults_;
  cli::RetentionPolicy retention_;
  SecretFiles secrets_;
  std::optional<core::RoutingSnapshot> table_cache_;
  core::Duration wall_offset_{0};  // jumps
  bool is_calm_ = false;
  std::deque<std::string> notes_;

  std::unique_ptr<Process> daemon_process_;
  std::unique_ptr<DaemonProcess> daemon_;
  std::unique_ptr<Process> balancer_process_;
  std::unique_ptr<BalancerProcess> balancer_;
  bool balancer_is_needed_ = false;
  bool balancer_starts_ = false;
  std::uint64_t lives_ = 0;
  std::uint64_t tasks_ = 0;
  std::map<core::ServiceName, core::ServiceSpec> specs_;  // as the users last wrote them
};

}  // namespace sky::sim
