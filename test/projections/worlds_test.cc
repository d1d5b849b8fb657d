// Goal: what must hold always, in hundreds of random worlds. Method: a seed makes a service and a
// history of load, failures, preemptions, losses, updates and restarts; World checks every step,
// this file checks the whole. A failing seed is printed and reproduces.
#include <boost/test/unit_test.hpp>

#include "projections/routing_table.h"
#include "test/projections/random_world.h"

namespace sky::projections {
namespace {

using core::seconds;

constexpr std::uint64_t worlds = 120;

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
