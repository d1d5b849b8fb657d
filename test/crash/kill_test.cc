// kill -9 in the middle of appending, for real: what was acknowledged is there.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "events/log.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

extern char** environ;

namespace sky::events {
namespace {

// Runs the writer until it has acknowledged `commits` commits, kills it, and returns the last
// sequence that it told us.
std::uint64_t run_and_kill(const std::string& program, const std::string& directory, int commits) {
  int ends[2] = {};
  BOOST_REQUIRE(::pipe(ends) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string arguments[2] = {program, directory};
  char* argv[] = {arguments[0].data(), arguments[1].data(), nullptr};
  pid_t child = 0;
  BOOST_REQUIRE(::posix_spawn(&child, program.c_str(), &actions, nullptr, argv, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::uint64_t last = 0;
  std::uint64_t told = 0;
  for (int commit = 0; commit < commits; ++commit) {
    if (::read(ends[0], &told, sizeof told) == sizeof told) last = told;
  }
  ::kill(child, SIGKILL);
  while (::read(ends[0], &told, sizeof told) == sizeof told) last = told;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST(WIFSIGNALED(status));
  return last;
}

BOOST_AUTO_TEST_SUITE(kill)

BOOST_AUTO_TEST_CASE(every_acknowledged_event_survives_twenty_kills) {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  BOOST_TEST_REQUIRE(suite.argc == 2, "the path of crash_writer is given after --");
  const TemporaryDirectory home;
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 20; ++round) {
    const auto last = run_and_kill(suite.argv[1], home / "log", 1 + round);
    BOOST_TEST(last > acknowledged);
    acknowledged = last;
    const auto log = open_log(home / "log");
    BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
    const std::uint64_t durable = (*log)->position().durable.value;
    BOOST_TEST(durable >= acknowledged);
    BOOST_TEST(durable <= acknowledged + 3);
    BOOST_TEST((read_all(**log) == sample_events(1, durable)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
