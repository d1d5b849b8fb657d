// A commit that fails: nothing is acknowledged, nothing is shown, nothing is appended after it.
#include <boost/test/unit_test.hpp>

#include "events/opening.h"
#include "test/crash/faulty_file_system.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using core::ErrorCode;
using Fault = FaultyFileSystem::Fault;

struct Fixture {
  TemporaryDirectory home;
  FaultyDisk disk;

  void check(Fault fault, ErrorCode expected) {
    {
      auto log = open_log_with(home / "log", {disk.env.get()});
      BOOST_REQUIRE(log);
      BOOST_REQUIRE((*log)->append(sample_events(1, 10)));
      disk.files->set_fault(fault);
      const auto failed = (*log)->append(sample_events(11, 5));
      BOOST_REQUIRE(!failed);
      BOOST_TEST((failed.error().code == expected), failed.error().text);
      disk.files->set_fault(Fault::none);  // the disk is well again: too late
      const auto after = (*log)->append(sample_events(11, 5));
      BOOST_REQUIRE(!after);
      BOOST_TEST(after.error().text.find("opened again") != std::string::npos);
      BOOST_TEST((*log)->position().durable.value == 10u);
      BOOST_TEST((read_all(**log) == sample_events(1, 10)));
    }
    auto log = open_log_with(home / "log", {disk.env.get()});
    BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
    // The failed commit may have reached the disk or not; a part of it never counts.
    const std::uint64_t last = (*log)->position().durable.value;
    BOOST_TEST((last == 10 || last == 15));
    BOOST_TEST(bool((*log)->append(sample_events(last + 1, 5))));
    BOOST_TEST((read_all(**log) == sample_events(1, last + 5)));
  }
};

BOOST_FIXTURE_TEST_SUITE(failed_commit, Fixture)

BOOST_AUTO_TEST_CASE(a_full_disk_is_no_space_and_final) {
  check(Fault::write_finds_no_space, ErrorCode::no_space);
}

BOOST_AUTO_TEST_CASE(a_failed_sync_is_io_and_final) { check(Fault::sync_fails, ErrorCode::io); }

BOOST_AUTO_TEST_CASE(opening_on_a_full_disk_is_no_space) {
  BOOST_REQUIRE((*open_log(home / "log"))->append(sample_events(1, 10)));
  disk.files->set_fault(Fault::write_finds_no_space);
  const auto log = open_log_with(home / "log", {disk.env.get()});
  BOOST_REQUIRE(!log);
  BOOST_TEST((log.error().code == ErrorCode::no_space), log.error().text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
