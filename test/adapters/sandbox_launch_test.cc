// Machines are made away from the loop: what is asked about one meanwhile. Real processes.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <optional>
#include <vector>

#include "adapters/sandbox/sandbox_cloud.h"
#include "test/adapters/sandbox_world.h"

namespace sky::adapters::sandbox {

using core::FailureKind;

BOOST_AUTO_TEST_SUITE(adapters_sandbox_launch)

BOOST_AUTO_TEST_CASE(a_token_asked_for_again_while_its_machine_is_being_made_is_one_machine) {
  World world;
  world.restart();
  const auto order = an_order("echo once; sleep 60");
  std::vector<LaunchAnswer> answers;
  for (int i = 0; i < 3; ++i)
    world.cloud().launch(order, {}, [&](auto answer) { answers.push_back(std::move(answer)); });
  BOOST_TEST(answers.empty());
  BOOST_TEST(world.wait([&] { return answers.size() == 3; }));
  for (const LaunchAnswer& answer : answers) {
    BOOST_REQUIRE(std::holds_alternative<core::ProvisionSucceeded>(answer));
    BOOST_TEST((answer == answers.front()));
  }
  BOOST_TEST(world.list().size() == 1U);
  BOOST_TEST(world.wait([&] { return world.output() == "once\n"; }));
  BOOST_TEST(world.terminate(order));
  BOOST_TEST(world.output() == "once\n");
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_ended_while_it_is_being_made_leaves_nothing) {
  World world;
  world.restart();
  const auto order = an_order("echo up; sleep 60");
  std::optional<LaunchAnswer> answer;
  world.cloud().launch(order, {}, [&](auto outcome) { answer = std::move(outcome); });
  BOOST_TEST(world.terminate(order));
  BOOST_TEST(world.processes() == 0U);
  BOOST_TEST(world.wait([&] { return answer.has_value(); }));  // whatever it had come to
  BOOST_TEST(world.list().empty());
  BOOST_TEST(!std::filesystem::exists(world.directory(order)));
}

BOOST_AUTO_TEST_CASE(a_daemon_that_dies_while_a_machine_is_being_made_finds_it_or_makes_it) {
  for (int round = 0; round < 5; ++round) {
    World world;
    world.restart();
    const auto order = an_order("echo once; sleep 60");
    world.cloud().launch(order, {}, [](auto) { BOOST_ERROR("it has died"); });
    world.restart();
    BOOST_TEST(succeeded(world.launch(order)) != nullptr);
    BOOST_TEST(world.list().size() == 1U);
    BOOST_TEST(world.wait([&] { return world.output() == "once\n"; }));
    BOOST_TEST(world.terminate(order));
    BOOST_TEST(world.output() == "once\n");
  }
}

BOOST_AUTO_TEST_CASE(machines_that_are_being_made_take_their_room) {
  World world;
  world.restart();
  const auto order = an_order("sleep 60");  // four spot machines fit
  std::vector<LaunchAnswer> answers;
  for (std::uint32_t i = 1; i <= 5; ++i)
    world.cloud().launch(numbered(order, i), {},
                         [&](auto answer) { answers.push_back(std::move(answer)); });
  BOOST_TEST(world.wait([&] { return answers.size() == 5; }));
  const auto refused = std::count_if(answers.begin(), answers.end(), [](const LaunchAnswer& one) {
    return std::holds_alternative<core::Failure>(one);
  });
  BOOST_TEST(refused == 1);
  for (std::uint32_t i = 1; i <= 4; ++i) BOOST_TEST(world.terminate(numbered(order, i)));
}

BOOST_AUTO_TEST_CASE(a_machine_that_cannot_be_started_is_refused_and_its_directory_goes) {
  World world;
  world.program = "/nowhere/skyctl";
  const auto order = an_order("sleep 60");
  const auto answer = world.launch(order);
  BOOST_REQUIRE(failed(answer));
  BOOST_TEST((failed(answer)->kind == FailureKind::transient));
  BOOST_TEST(failed(answer)->text.find("/nowhere/skyctl") != std::string::npos);
  BOOST_TEST(!std::filesystem::exists(world.directory(order)));
  world.program.clear();
  world.restart();
  BOOST_TEST(succeeded(world.launch(order)) != nullptr);
  BOOST_TEST(world.terminate(order));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters::sandbox
