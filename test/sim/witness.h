// The witness: stands outside of every process, sees what was acknowledged and what was done, and
// says which sentence was broken. It keeps books of its own and believes nobody.
//
// Every invariant has a name and a sentence (invariants of witness.cc, one list). Break one, and
// broken() tells which; the first one counts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "core/event.h"
#include "core/routing.h"
#include "events/log.h"
#include "projections/model.h"
#include "test/sim/clouds.h"
#include "test/sim/tally.h"

namespace sky::sim {

struct Invariant {
  const char* name;
  const char* sentence;
};
std::span<const Invariant> all_invariants();

class Witness {
 public:
  struct Broken {
    std::string name;
    std::string sentence;
    std::string detail;
  };

  Witness(core::LogId log_id, Tally& tally) : log_id_(std::move(log_id)), tally_(tally) {}

  // ---- told by the edges
  void acknowledged(std::span<const core::Event> events, const std::string& bytes);
  // A daemon opened the log: everything acknowledged must be in it. What else is in it counts too.
  void opened(const events::Log& log);
  void could_not_open(const core::Error& error);
  // The model of a daemon whose newest event is durable.
  void shown(const projections::Model& model);
  void folded(const projections::Model& model);  // at a start
  void replied(core::Seq needed);  // somebody was told "done"
  void launch_called(const core::LaunchInstance& order);
  void machine_made(const Machine& machine);
  void termination_called(const std::string& token);
  void request_placed(const core::ServiceName& service, core::ReplicaId replica, core::Seq table);
  void request_ended(const core::ServiceName& service, core::ReplicaId replica);
  void balancer_died() { running_.clear(); }
  void counted(const core::ServiceName& service, core::ReplicaId replica, std::uint32_t in_flight);
  void table_shown(const core::RoutingSnapshot& table);
  void check_failed(const std::string& detail);
  void not_in_time(const std::string& detail);
  void left_behind(const std::string& detail);

  std::function<void(const core::Event&)> on_event;  // each one that is acknowledged

  void keep_secret(const std::string& value) { secrets_.push_back(value); }

  const projections::Model& model() const { return model_; }  // the fold of all acknowledged
  const std::vector<core::Event>& history() const { return history_; }
  const std::optional<Broken>& broken() const { return broken_; }
  std::uint64_t hash() const { return hash_; }
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3; }

 private:
  struct Intent {
    core::ServiceName service;
    core::ReplicaId replica;
    std::uint32_t attempt = 0;
    bool may_terminate = false;
  };

  void look_at(const core::Event& event);
  void look_at_plan(const core::Event& event);
  void look_at_launch(const core::Event& event, const core::LaunchIntended& body);
  void look_at_blocks(const core::Event& event);
  void look_at_routes(const core::Event& event);
  void count_phase(const core::Event& event, const projections::Replica& before);
  projections::Replica replica_of(const core::Event& event) const;  // as the model has it now
  void fail(const char* name, std::string detail);

  const core::LogId log_id_;
  Tally& tally_;
  std::vector<core::Event> history_;
  core::Seq acknowledged_;
  projections::Model model_;
  std::map<core::ServiceName, std::uint32_t> last_ids_;
  std::map<std::string, Intent> intents_;  // by token
  std::set<std::tuple<core::ServiceName, core::ReplicaId, std::uint32_t>> made_;
  std::map<core::BlockKey, core::Instant> blocks_;
  std::map<std::pair<core::ServiceName, core::ReplicaId>, core::Seq> leaving_;
  std::map<std::pair<core::ServiceName, core::ReplicaId>, std::uint32_t> running_;
  std::vector<std::string> secrets_;
  std::optional<Broken> broken_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace sky::sim
