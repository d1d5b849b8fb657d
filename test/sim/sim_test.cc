// The simulator as a suite: fixed worlds, worlds on the real log, fresh worlds, the same seed
// twice, and proof that it notices. Worlds run in processes of their own, so that a broken check of
// the program is a result.
#include <stdio.h>
#include <sys/wait.h>

#include <boost/test/unit_test.hpp>
#include <random>
#include <string>

#include "test/sim/world.h"

namespace sky::sim {
namespace {

struct Outcome {
  int status = -1;
  std::string output;
};

// The program under the suite's own: its path comes from the build.
Outcome run_sim(const std::string& arguments) {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  BOOST_REQUIRE(suite.argc == 2);
  const std::string command = std::string(suite.argv[1]) + " " + arguments + " 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  Outcome outcome;
  char piece[4096];
  for (std::size_t size; (size = ::fread(piece, 1, sizeof piece, pipe)) > 0;)
    outcome.output.append(piece, size);
  outcome.status = WEXITSTATUS(::pclose(pipe));
  return outcome;
}

std::string seeds(std::uint64_t first, std::uint64_t count) {
  return "--seeds " + std::to_string(first) + "-" + std::to_string(first + count - 1);
}

void check_holds(const Outcome& outcome) {
  BOOST_TEST(outcome.status == 0, outcome.output.substr(0, 20'000));
}

std::uint64_t hash_of(std::uint64_t seed) {
  Tally tally;
  WorldOptions options;
  options.seed = seed;
  options.length = core::seconds(1800);
  World world(std::move(options), tally);
  world.run();
  return world.hash();
}

BOOST_AUTO_TEST_SUITE(sim_worlds)

BOOST_AUTO_TEST_CASE(the_same_seed_is_the_same_run) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) BOOST_TEST(hash_of(seed) == hash_of(seed));
  BOOST_TEST(hash_of(1) != hash_of(2));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(sim_fixed)

BOOST_AUTO_TEST_CASE(nothing_breaks_in_500_worlds_that_are_always_the_same) {
  check_holds(run_sim(seeds(1, 500)));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(sim_on_rocksdb)

BOOST_AUTO_TEST_CASE(nothing_breaks_in_30_worlds_whose_log_is_the_real_one) {
  const Outcome outcome = run_sim(seeds(1, 30));
  check_holds(outcome);
  BOOST_TEST(outcome.output.find("daemon died inside a call to the disk") != std::string::npos);
  BOOST_TEST(outcome.output.find("unsynced sectors garbage") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(sim_fresh)

BOOST_AUTO_TEST_CASE(nothing_breaks_in_200_worlds_that_nobody_has_seen) {
  std::random_device device;
  const std::uint64_t base = 1'000'000 + device() % 1'000'000'000;
  std::printf("fresh worlds: scripts/sim --seeds %s\n", seeds(base, 200).substr(8).c_str());
  check_holds(run_sim(seeds(base, 200)));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(sim_mutations)

// Each switch of mutation.h breaks one promise at an edge; a simulator that does not notice within
// a thousand worlds proves nothing.
BOOST_AUTO_TEST_CASE(each_broken_promise_is_noticed_within_1000_worlds) {
  for (std::size_t i = 1; i < mutation_count; ++i) {
    const std::string name = to_text(static_cast<Mutation>(i));
    const Outcome outcome = run_sim(seeds(1, 1000) + " --mutation " + name);
    const bool is_caught = outcome.status == 1 && outcome.output.starts_with("BROKEN");
    const std::string said = outcome.output.substr(0, outcome.output.find("\n\n"));
    std::printf("%s: %s\n", name.c_str(), is_caught ? said.c_str() : "not noticed");
    BOOST_TEST(is_caught, name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::sim
