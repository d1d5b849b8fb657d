// The clouds of a world, as they are: machines, capacity, quotas, throttles, weather. They outlive
// every process, and they never forget what they were asked.
//
// What a daemon sees of them is cloud_adapter.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/effect.h"
#include "core/input.h"
#include "test/sim/agenda.h"
#include "test/sim/mutation.h"
#include "test/sim/random.h"
#include "test/sim/tally.h"

namespace sky::sim {

struct Machine {
  std::string id;
  std::string token;
  core::ServiceName service;
  core::ReplicaId replica;
  std::uint32_t attempt = 0;
  core::Offer offer;
  std::string host;
  core::Duration runs_at{0};  // provisioned then
  core::Duration serves_at{0};  // its server answers from then on
  bool never_serves = false;
  bool is_sick = false;  // its server does not answer, for a while
  bool is_gone = false;  // and will not come back
};

// How the clouds behave. All zero: they do what they are asked.
struct CloudFaults {
  std::uint32_t refused_percent = 0;  // launches that fail, in any way of the taxonomy
  std::uint32_t termination_failed_percent = 0;
  std::uint32_t lost_percent = 0;  // calls, answers or news that never arrive
  std::uint32_t late_percent = 0;
  std::uint32_t doubled_percent = 0;  // answers and news that are told twice
  std::uint32_t silent_loss_percent = 0;  // of lost machines: nobody is told
  std::uint32_t never_serves_percent = 0;
  bool has_limits = false;  // capacities, quotas and throttles count
  core::Duration slowest_start = core::seconds(20);  // from running to serving
};

class Clouds {
 public:
  using OnNews = std::function<void(const std::string& cloud, const core::InstanceChanged&)>;

  Clouds(Agenda& agenda, std::uint64_t seed, MutationSet mutations, Tally& tally);

  struct Launch {
    Machine* machine = nullptr;  // null: refused, why is in `failure`
    core::Failure failure;
  };
  // A launch call arrives. The same token is the same machine.
  Launch launch(const core::LaunchInstance& order, const std::string& token);
  std::variant<std::monostate, core::Failure> terminate(const std::string& token);
  std::variant<std::monostate, core::Failure> terminate_by_id(const std::string& id);
  std::vector<core::ListedInstance> list(const std::string& cloud) const;
  Machine* by_host(const std::string& host);

  // A spot machine is taken, with this much notice; negative: without any.
  void preempt(Machine& machine, core::Duration notice);
  void lose(Machine& machine, core::InstanceChange how);
  void storm(const std::string& zone);  // takes most of what runs there
  void set_capacity(const std::string& zone, std::uint32_t machines);
  std::vector<Machine*> living();  // in the order they were made
  std::vector<std::string> spot_zones() const;
  void count(const char* fault) { ++tally_.faults[fault]; }

  CloudFaults faults;
  OnNews on_news;  // to whoever listens now
  std::function<void(const Machine&)> on_made;
  std::vector<core::Offer> offers;
  Random random;

 private:
  core::Failure some_failure(const core::Offer& offer);
  std::optional<core::Failure> limit_reached(const core::Offer& offer);
  Machine& make(const core::LaunchInstance& order, const std::string& token);
  void remove(Machine& machine);
  void tell(const Machine& machine, core::InstanceChange change, core::Duration notice,
            const std::string& text);

  Agenda& agenda_;
  const MutationSet mutations_;
  Tally& tally_;
  std::map<std::string, Machine> machines_;  // by token
  std::vector<std::string> order_;  // tokens, as they were made
  std::map<std::string, std::string> token_by_host_;
  std::map<std::string, std::uint32_t> capacity_;  // by zone; missing: plenty
  std::map<std::string, std::pair<core::Duration, std::uint32_t>> calls_;  // by cloud, this window
};

}  // namespace sky::sim
