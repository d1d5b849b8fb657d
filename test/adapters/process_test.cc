#include "adapters/process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>

#include "adapters/durable_file.h"
#include "test/adapters/temporary_directory.h"

namespace sky::adapters {
namespace {

bool soon(const std::function<bool()>& is_true) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > end) return false;
    usleep(2000);
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adapters_process)

BOOST_AUTO_TEST_CASE(a_process_is_more_than_its_pid) {
  const auto self = identify_process(getpid());
  BOOST_REQUIRE(self.has_value());
  ProcessIdentity successor = *self;  // the same pid, started later
  ++successor.start_ticks;
  ProcessIdentity before_reboot = *self;
  before_reboot.boot_id = "another";

  BOOST_TEST(is_alive(*self));
  BOOST_TEST(!is_alive(successor));
  BOOST_TEST(!is_alive(before_reboot));
  BOOST_TEST(!is_alive(ProcessIdentity{}));
  BOOST_TEST(!signal_process(successor, SIGKILL));  // or this test ends here
  BOOST_TEST(!signal_process(before_reboot, SIGKILL));
}

BOOST_AUTO_TEST_CASE(a_zombie_is_not_alive) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  BOOST_TEST(soon([&] { return !identify_process(child).has_value(); }));
  BOOST_TEST(waitpid(child, nullptr, 0) == child);
}

BOOST_AUTO_TEST_CASE(a_detached_process_is_nobodys_child_and_has_nothing_of_ours) {
  const TemporaryDirectory home;
  const auto file = (home.path / "out").string();
  constexpr int inherited = 200;  // above what a shell opens for itself
  BOOST_REQUIRE(dup2(0, inherited) == inherited);

  const auto process = spawn_detached(
      "/bin/sh", {"-c", "if [ -e /proc/$$/fd/200 ]; then echo ours; else echo none; fi > '" + file +
                            ".new'; mv '" + file + ".new' '" + file + "'; exec sleep 60"});

  BOOST_REQUIRE(process.has_value());
  BOOST_TEST(soon([&] { return std::filesystem::exists(file); }));
  BOOST_TEST(read_file(file).value() == "none\n");
  BOOST_TEST(getsid(process->pid) != getsid(0));
  BOOST_TEST(waitpid(process->pid, nullptr, WNOHANG) == -1);
  BOOST_TEST(is_alive(*process));
  BOOST_TEST(signal_process(*process, SIGKILL));
  BOOST_TEST(soon([&] { return !is_alive(*process); }));
  BOOST_TEST(!signal_process(*process, SIGKILL));
  close(inherited);
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_start_says_why) {
  const auto missing = spawn_detached("/no/such/program", {});
  const TemporaryDirectory home;
  BOOST_TEST(write_file_durably(home.path / "no_program", "x").has_value());
  const auto forbidden = spawn_detached(home.path / "no_program", {});

  BOOST_TEST((missing.error().code == core::ErrorCode::not_found));
  BOOST_TEST((forbidden.error().code == core::ErrorCode::permission));
}

BOOST_AUTO_TEST_CASE(marked_processes_are_found_by_their_whole_mark) {
  const TemporaryDirectory home;
  const std::string mark = "SKY_TEST_MARK=" + home.path.string();
  const auto process = spawn_detached("/usr/bin/env", {mark, "sleep", "60"});
  BOOST_REQUIRE(process.has_value());
  BOOST_TEST(soon([&] { return signal_marked_processes(mark, 0) == 1; }));

  BOOST_TEST(signal_marked_processes(mark.substr(0, mark.size() - 1), SIGKILL) == 0U);
  BOOST_TEST(is_alive(*process));
  BOOST_TEST(signal_marked_processes(mark, SIGKILL) == 1U);
  BOOST_TEST(soon([&] { return !is_alive(*process); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::adapters
