// Sweeps: what a cloud's list of machines says about those we remember, and those we do not.
#include <boost/test/unit_test.hpp>

#include "test/projections/world.h"

namespace sky::projections {
namespace {

using core::Phase;
using core::seconds;

BOOST_AUTO_TEST_SUITE(sweeps)

BOOST_AUTO_TEST_CASE(a_start_sweeps_and_so_does_every_five_minutes) {
  World world;
  world.pass(seconds(10));
  const auto sweeps = [&](core::Duration time) {
    std::size_t found = 0;
    const core::Instant end = world.now() + time;
    while (world.now() < end) {
      world.pass(seconds(1));
      const Step step = world.send(core::Tick{});
      for (const core::Effect& effect : step.effects)
        found += std::holds_alternative<core::SweepInstances>(effect) ? 1 : 0;
    }
    return found;
  };
  const Step start = world.send(core::Started{world_log_id, "test", 2, {}});
  BOOST_TEST(std::holds_alternative<core::SweepInstances>(start.effects.back()));
  BOOST_REQUIRE(start.wake_at);
  BOOST_TEST((*start.wake_at - world.now() == seconds(300)));
  BOOST_TEST(sweeps(seconds(250)) == 0u);
}

BOOST_AUTO_TEST_CASE(a_machine_that_nobody_remembers_is_terminated) {
  World world;
  world.up(one_replica(true));
  world.pass(seconds(10));
  world.machines["x"] = {"i-forgotten", "llama", core::ReplicaId{77}, 1, usual_offers()[1], {},
                         true};
  world.pass(seconds(310));
  BOOST_TEST(world.all<core::OrphanFound>().size() == 1u);
  BOOST_TEST(world.all<core::OrphanEnded>().size() == 1u);
  BOOST_TEST(world.machines.size() == 1u);
  BOOST_TEST(world.model.orphans.empty());
}

BOOST_AUTO_TEST_CASE(a_machine_that_the_cloud_does_not_list_any_more_is_lost) {
  World world;
  world.up(one_replica(true));
  world.pass(seconds(10));
  world.machines.clear();
  world.send(core::InstancesListed{"gcp", {}, world.now(), true});  // not where it was
  world.send(core::InstancesListed{"aws", {}, world.now()});  // nor the cloud it is named after
  BOOST_TEST(world.all<core::InstanceLost>().empty());
  world.send(core::InstancesListed{"aws", {}, world.now(), true});
  BOOST_TEST(world.all<core::InstanceLost>().size() == 1u);
  BOOST_TEST((world.replica(2).phase == Phase::provisioning));
}

BOOST_AUTO_TEST_CASE(a_sandbox_and_a_cloud_of_its_name_never_end_each_other_s_machines) {
  World world;
  world.up(one_replica(true));  // in the sandbox
  world.pass(seconds(10));
  const core::ListedInstance ours{world.replica(1).instance_id, world.replica(1).offer.place,
                                  "llama", core::ReplicaId{1}, 1};
  const core::ListedInstance stranger{
      "i-forgotten", {"aws", "r", "z"}, "llama", core::ReplicaId{77}, 1};
  BOOST_TEST(world.send(core::InstancesListed{"aws", {ours}, world.now(), true}).events.empty());

  const Step real = world.send(core::InstancesListed{"aws", {stranger}, world.now(), false});
  BOOST_REQUIRE(real.effects.size() == 1u);
  const auto& order = std::get<core::TerminateOrphan>(real.effects[0]);
  BOOST_TEST(order.instance_id == "i-forgotten");
  BOOST_TEST(!order.sandbox);
  BOOST_TEST(world.all<core::InstanceLost>().empty());
}

BOOST_AUTO_TEST_CASE(a_machine_that_the_cloud_does_not_hear_is_probed_at_once) {
  World world;
  world.up(one_replica(true));
  world.pass(seconds(10));
  const Step step = world.send(core::InstanceChanged{
      "llama", core::ReplicaId{1}, 1, core::InstanceChange::suspected, {}, "node is silent"});
  BOOST_TEST(step.events.empty());
  BOOST_REQUIRE(step.effects.size() == 1u);
  BOOST_TEST((std::get<core::ProbeNow>(step.effects[0]).replica == core::ReplicaId{1}));
}

BOOST_AUTO_TEST_CASE(a_machine_launched_after_the_list_was_asked_for_is_not_missed) {
  World world;
  world.up(one_replica(true));
  world.pass(seconds(10));
  const core::Instant before = *world.replica(1).provisioned - seconds(1);
  const Step step = world.send(core::InstancesListed{"aws", {}, before, true});
  BOOST_TEST(step.events.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::projections
