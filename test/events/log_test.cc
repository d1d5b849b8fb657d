#include "events/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>

#include "events/directory_lock.h"
#include "events/opening.h"
#include "events/rocks_store.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using core::ErrorCode;
using core::Seq;

std::unique_ptr<Log> opened(const std::filesystem::path& directory) {
  auto log = open_log(directory);
  BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
  return std::move(*log);
}

std::set<std::string> names_in(const std::filesystem::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.insert(entry.path().filename());
  }
  return names;
}

BOOST_AUTO_TEST_SUITE(log)

BOOST_AUTO_TEST_CASE(what_was_appended_is_there_after_closing_and_opening) {
  TemporaryDirectory home;
  core::LogId id;
  {
    auto log = opened(home / "log");
    id = log->id();
    BOOST_TEST(id.size() == 32u);
    BOOST_TEST(log->position().durable.value == 0u);
    BOOST_TEST(bool(log->append(sample_events(1, 1))));
    BOOST_TEST(bool(log->append(sample_events(2, 1000))));
    BOOST_TEST((read_all(*log) == sample_events(1, 1001)));
  }
  auto log = opened(home / "log");
  BOOST_TEST(log->id() == id);
  BOOST_TEST(log->position().durable.value == 1001u);
  BOOST_TEST(log->repaired_after().value == 0u);
  BOOST_TEST((read_all(*log) == sample_events(1, 1001)));
  BOOST_TEST(bool(log->append(sample_events(1002, 3))));
  BOOST_TEST((read_all(*log, Seq{1000}) == sample_events(1000, 5)));
}

BOOST_AUTO_TEST_CASE(reading_begins_with_the_commit_that_holds_the_sequence) {
  TemporaryDirectory home;
  auto log = opened(home / "log");
  for (std::uint64_t first = 1; first <= 91; first += 10) {
    BOOST_TEST(bool(log->append(sample_events(first, 10))));
  }
  for (const auto& one : {std::pair{1, 1}, {10, 1}, {11, 11}, {55, 51}, {100, 91}}) {
    std::uint64_t first = 0;
    BOOST_TEST(bool(log->read(Seq{static_cast<std::uint64_t>(one.first)},
                              [&](const Commit& commit, std::span<const std::byte>) {
                                first = commit.events.front().seq.value;
                                return false;
                              })));
    BOOST_TEST(first == static_cast<std::uint64_t>(one.second));
  }
  BOOST_TEST(read_all(*log, Seq{101}).empty());
}

BOOST_AUTO_TEST_CASE(each_opening_has_a_higher_epoch_and_its_commits_say_so) {
  TemporaryDirectory home;
  std::uint64_t seq = 1;
  std::uint64_t before = 0;
  for (int round = 0; round < 3; ++round) {
    auto log = opened(home / "log");
    BOOST_TEST(log->epoch() > before);
    before = log->epoch();
    const auto bytes = log->append(sample_events(seq, 2));
    BOOST_REQUIRE(bytes);
    const auto commit =
        decode_commit({reinterpret_cast<const std::byte*>(bytes->data()), bytes->size()});
    BOOST_REQUIRE(commit);
    BOOST_TEST(commit->epoch == log->epoch());
    seq += 2;
  }
}

BOOST_AUTO_TEST_CASE(a_second_writer_is_refused_with_the_pid_of_the_first) {
  TemporaryDirectory home;
  auto log = opened(home / "log");
  const auto second = open_log(home / "log");
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().code == ErrorCode::locked));
  BOOST_TEST(second.error().text.find(std::to_string(::getpid())) != std::string::npos);
  log.reset();
  BOOST_TEST(bool(open_log(home / "log")));
}

BOOST_AUTO_TEST_CASE(a_log_closed_in_order_leaves_nothing_to_recover) {
  TemporaryDirectory home;
  BOOST_TEST(bool(opened(home / "log")->append(sample_events(1, 1000))));
  for (const auto& entry : std::filesystem::directory_iterator(home / "log" / database_name))
    if (entry.path().extension() == ".log") BOOST_TEST(entry.file_size() == 0u, entry.path());
  BOOST_TEST((read_all(*opened(home / "log")) == sample_events(1, 1000)));
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_made_is_a_permission_error) {
  const auto log = open_log("/sys/skyctl-test-log");
  BOOST_REQUIRE(!log);
  BOOST_TEST((log.error().code == ErrorCode::permission), log.error().text);
}

BOOST_AUTO_TEST_CASE(a_directory_without_write_permission_is_a_permission_error) {
  TemporaryDirectory home;
  if (::geteuid() == 0) return;  // root may write everywhere; the case above covers it
  ::chmod(home.path().c_str(), 0500);
  const auto log = open_log(home / "log");
  BOOST_REQUIRE(!log);
  BOOST_TEST((log.error().code == ErrorCode::permission));
  ::chmod(home.path().c_str(), 0700);
}

BOOST_AUTO_TEST_CASE(the_files_are_for_the_owner_only) {
  TemporaryDirectory home;
  auto log = opened(home / "log");
  struct stat status {};
  BOOST_REQUIRE(::stat((home / "log").c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0700u);
}

BOOST_AUTO_TEST_CASE(a_log_of_a_newer_writer_is_not_written_but_read) {
  TemporaryDirectory home;
  BOOST_TEST(bool(opened(home / "log")->append(sample_events(1, 3))));
  {
    auto store = RocksStore::open(home / "log" / database_name, {},
                                  rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                                  RocksStore::Access::read_write);
    BOOST_REQUIRE(store);
    BOOST_TEST(bool((*store)->put_meta({{schema_key, std::to_string(schema_version + 1)}})));
  }
  const auto log = open_log(home / "log");
  BOOST_REQUIRE(!log);
  BOOST_TEST((log.error().code == ErrorCode::too_new));
  const auto reader = open_log_read_only(home / "log");
  BOOST_REQUIRE(reader);
  BOOST_TEST((read_all(**reader) == sample_events(1, 3)));
}

BOOST_AUTO_TEST_CASE(a_reader_works_beside_a_writer_and_sees_acknowledged_events) {
  TemporaryDirectory home;
  BOOST_TEST((open_log_read_only(home / "log").error().code == ErrorCode::not_found));
  auto writer = opened(home / "log");
  BOOST_TEST(bool(writer->append(sample_events(1, 5))));
  const auto files = names_in(home / "log" / database_name);
  auto reader = open_log_read_only(home / "log");
  BOOST_REQUIRE(reader);
  BOOST_TEST((names_in(home / "log" / database_name) == files));  // it leaves nothing behind
  BOOST_TEST((*reader)->id() == writer->id());
  BOOST_TEST(bool(writer->append(sample_events(6, 5))));
  BOOST_TEST((read_all(**reader) == sample_events(1, 5)));
  reader = open_log_read_only(home / "log");
  BOOST_REQUIRE(reader);
  BOOST_TEST((read_all(**reader) == sample_events(1, 10)));
}

BOOST_AUTO_TEST_CASE(reading_while_another_thread_appends_sees_whole_prefixes) {
  TemporaryDirectory home;
  auto log = opened(home / "log");
  std::thread writer([&] {
    for (std::uint64_t first = 1; first <= 300; first += 3) {
      BOOST_TEST_REQUIRE(log->append(sample_events(first, 3)).has_value());
    }
  });
  std::size_t seen = 0;
  while (seen < 300) {
    const auto events = read_all(*log);
    BOOST_TEST_REQUIRE(events.size() >= seen);
    BOOST_TEST_REQUIRE((events == sample_events(1, events.size())));
    seen = events.size();
  }
  writer.join();
}

BOOST_AUTO_TEST_CASE(the_memory_log_behaves_the_same) {
  auto log = make_memory_log("0123456789abcdef0123456789abcdef");
  BOOST_TEST(bool(log->append(sample_events(1, 2))));
  BOOST_TEST(bool(log->append(sample_events(3, 10))));
  BOOST_TEST((read_all(*log) == sample_events(1, 12)));
  BOOST_TEST((read_all(*log, Seq{7}) == sample_events(7, 6)));
  BOOST_TEST(log->position().durable.value == 12u);
  BOOST_TEST(log->position().chain != 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
