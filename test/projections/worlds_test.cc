// Goal: what must hold always, in hundreds of random worlds. Method: a seed makes a service and a
// history of load, failures, preemptions, losses, updates and restarts; World checks every step,
// this file checks the whole. A failing seed is printed and reproduces.
#include <boost/test/unit_test.hpp>
#include <random>

#include "projections/routing_table.h"
#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::seconds;

constexpr std::uint64_t worlds = 120;

class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed) : random_(seed) {
    world.provisioning = core::milliseconds(below(8000));
    world.startup = core::milliseconds(below(8000));
    world.draining = core::milliseconds(below(6000));
    world.terminating = core::milliseconds(below(4000));
    world.refuse = [this](const core::LaunchInstance&) { return refusal(); };
    world.crashes = [this](const core::LaunchInstance&) { return below(100) < crash_percent_; };
    world.keep = [this](const core::TerminateInstance&) -> std::optional<core::Failure> {
      if (below(100) >= 5) return {};
      return core::Failure{core::FailureKind::transient, {}, "try again", {}};
    };
  }

  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(random_() % std::max(1u, limit));
  }

  core::ServiceSpec spec() {
    core::ServiceSpec made = usual_spec();
    core::ReplicaPolicy& policy = made.replicas;
    policy.min_replicas = below(4);
    policy.max_replicas = policy.min_replicas + below(5);
    policy.num_overprovision = below(3);
    policy.base_ondemand_fallback_replicas = below(4);
    policy.dynamic_ondemand_fallback = below(2) == 0;
    policy.upscale_delay = seconds(below(20));
    policy.downscale_delay = seconds(below(30));
    policy.placement =
        below(2) == 0 ? core::Placement::spot_hedge : core::Placement::static_mixture;
    if (below(4) == 0) policy.target_concurrency_per_replica = below(3);
    if (below(5) == 0) policy.target_qps_per_accelerator = {{"T4", core::MilliRps{1500}}};
    made.resources.choices[0].use_spot = below(5) != 0;
    made.no_paid_overflow = below(4) == 0;
    made.rollout.max_surge = below(3);
    made.rollout.bake_time = seconds(below(10));
    made.probe.initial_delay = seconds(10 + below(40));
    return made;
  }

  void begin() {
    newest_ = spec();
    note_bound(newest_);
    world.up(newest_);
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i) {
      act();
      world.pass(core::milliseconds(below(9000)));
    }
  }

  // The most replicas that may be live at once under any spec seen, its surge included; the
  // dynamic cover for spot comes on top as SpotHedge says.
  std::size_t bound() const { return bound_; }

  World world;

 private:
  std::optional<core::Failure> refusal() {
    if (below(100) >= refuse_percent_) return {};
    using enum core::FailureKind;
    constexpr core::FailureKind kinds[] = {capacity,  capacity,    capacity,      quota,    price,
                                           throttled, transient,   indeterminate, conflict, auth,
                                           forbidden, unsupported, invalid};
    return core::Failure{kinds[below(std::size(kinds))], {}, "the cloud says no", {}};
  }

  void note_bound(const core::ServiceSpec& made) {
    const core::ReplicaPolicy& policy = made.replicas;
    const std::size_t wanted =
        std::max(policy.upper_limit(), policy.base_ondemand_fallback_replicas);
    const std::size_t total = wanted + policy.num_overprovision +
                              (policy.dynamic_ondemand_fallback ? wanted : 0) +
                              std::max(1u, made.rollout.max_surge);
    bound_ = std::max(bound_, total);
    most_wanted_ = std::max(most_wanted_, total);
  }

  std::uint32_t some_replica() {
    const auto& replicas = world.service().replicas;
    if (replicas.empty()) return 0;
    auto row = replicas.begin();
    std::advance(row, below(static_cast<std::uint32_t>(replicas.size())));
    return row->first.value;
  }

  void act() {
    switch (below(12)) {
      case 0:
      case 1: world.arrivals["llama"] = below(8); break;
      case 2: world.arrivals["llama"] = 0; break;
      case 3: refuse_percent_ = below(60); break;
      case 4: crash_percent_ = below(3) == 0 ? below(50) : 0; break;
      case 5:
      case 6: happen(core::InstanceChange::noticed); break;
      case 7: happen(core::InstanceChange::preempted); break;
      case 8:
        happen(below(2) == 0 ? core::InstanceChange::lost : core::InstanceChange::user_code_ended);
        break;
      case 9: world.restart(core::milliseconds(below(5000))); break;
      case 10: update(); break;
      case 11:
        world.send(core::HoldReported{"llama", 1 + below(3), below(2), "nothing is ready"});
        break;
    }
  }

  void happen(core::InstanceChange what) {
    const std::uint32_t id = some_replica();
    if (id != 0 && world.machine(id)) world.change(id, what, seconds(1 + below(30)));
  }

  void update() {
    core::ServiceSpec next = below(2) == 0 ? spec() : newest_;
    if (below(2) == 0) next.task.run = "version " + std::to_string(below(1000));
    next.resources = newest_.resources;
    newest_ = next;
    note_bound(next);
    const auto mode = below(3) == 0 ? core::UpdateMode::blue_green : core::UpdateMode::rolling;
    if (mode == core::UpdateMode::blue_green) bound_ = 2 * most_wanted_ + bound_;
    world.send(core::UpdateRequested{next, world.offers, mode, "ada"});
  }

  std::mt19937_64 random_;
  core::ServiceSpec newest_;
  std::uint32_t refuse_percent_ = 0;
  std::uint32_t crash_percent_ = 0;
  std::size_t bound_ = 0;
  std::size_t most_wanted_ = 0;
};

void check_folds(const World& world) {
  Model whole, prefix;
  core::RoutingSnapshot table;
  const std::size_t half = world.events.size() / 2;
  for (std::size_t i = 0; i < half; ++i) evolve(prefix, world.events[i]);
  const Model copy = prefix;
  Model rest = copy;
  core::RoutingSnapshot follower = routing_snapshot(copy);
  for (std::size_t i = half; i < world.events.size(); ++i) {
    evolve(rest, world.events[i]);
    evolve(follower, world.events[i]);
  }
  for (const core::Event& event : world.events) {
    evolve(whole, event);
    evolve(table, event);
  }
  BOOST_TEST((whole == rest));
  BOOST_TEST((whole == world.model));
  BOOST_TEST((table == routing_snapshot(world.model)));
  BOOST_TEST((follower == table));
}

void check_ids(const World& world) {
  std::map<core::ServiceName, std::uint32_t> last;
  for (const core::Event& event : world.all<core::ReplicaPlanned>()) {
    BOOST_TEST(event.replica.value > last[event.service]);
    last[event.service] = event.replica.value;
  }
}

BOOST_AUTO_TEST_SUITE(step_in_random_worlds)

BOOST_AUTO_TEST_CASE(what_must_hold_always_holds) {
  for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      RandomWorld random(seed);
      random.begin();
      random.live(25);
      BOOST_TEST(random.world.most_live <= random.bound());
      check_folds(random.world);
      check_ids(random.world);
      // the faults stop, the service goes: so does every machine
      World& world = random.world;
      world.refuse = {};
      world.keep = {};
      world.arrivals.clear();
      world.send(core::DownRequested{"llama", "ada"});
      world.probing = seconds(30);
      world.pass(seconds(1000));  // the patience with an unanswered launch, and a sweep
      BOOST_TEST(!world.has());
      BOOST_TEST(world.machines.empty());
      check_folds(world);
    }
  }
}

BOOST_AUTO_TEST_CASE(when_the_faults_stop_the_wanted_replicas_are_ready) {
  for (std::uint64_t seed = 1; seed <= worlds / 3; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      RandomWorld random(seed);
      random.begin();
      random.live(25);
      World& world = random.world;
      world.refuse = {};
      world.crashes = {};
      world.keep = {};
      world.send(core::UpdateRequested{usual_spec(), world.offers, core::UpdateMode::rolling, "a"});
      world.arrivals.clear();
      world.probing = seconds(30);
      world.pass(seconds(4000));  // every block and back-off is over but `unsupported`
      world.probing = seconds(1);
      world.arrivals["llama"] = 4;
      world.pass(seconds(90));
      BOOST_TEST(world.service().target == 4u);
      BOOST_TEST(world.count(core::Phase::ready) == 4u);
      BOOST_TEST(world.live() == 4u);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_same_inputs_give_the_same_events) {
  const auto history = [](std::uint64_t seed) {
    RandomWorld random(seed);
    random.begin();
    random.live(20);
    return random.world.events;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) BOOST_TEST((history(seed) == history(seed)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
