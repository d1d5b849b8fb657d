// The damage table of events/README.md: each kind of damage has its one right verdict.
#include <boost/test/unit_test.hpp>

#include "events/opening.h"
#include "test/crash/faulty_file_system.h"
#include "test/crash/stored_files.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using core::ErrorCode;
using core::Seq;

constexpr std::uint64_t group_size = 10;
constexpr std::uint64_t group_count = 100;
constexpr std::uint64_t last_seq = group_size * group_count;

// A log of 1000 acknowledged events whose writer was killed, and the parts to make other fates of.
struct Fixture {
  TemporaryDirectory home;
  std::filesystem::path dir = home / "log";
  std::string mark_before_last;  // the low-water file before the last group was acknowledged
  std::size_t wal_before_last = 0;  // where the last group begins in the write-ahead log
  std::filesystem::path half_way = home / "half";  // the same log 500 events earlier

  Fixture() {
    const auto live = home / "live";
    const FaultyDisk quick;  // what was synced is of no interest here
    auto log = open_log_with(live, {quick.env.get()});
    BOOST_REQUIRE(log);
    for (std::uint64_t group = 0; group < group_count; ++group) {
      if (group == group_count / 2) copy_as_killed(live, half_way);
      if (group == group_count - 1) {
        mark_before_last = file_content(live / low_water_name);
        wal_before_last = file_content(newest_file(live, ".log")).size();
      }
      BOOST_REQUIRE((*log)->append(sample_events(1 + group * group_size, group_size)));
    }
    copy_as_killed(live, dir);
  }

  std::filesystem::path wal() const { return newest_file(dir, ".log"); }
  // As if the last group had not been acknowledged yet when the power went.
  void forget_last_acknowledgement() { set_file_content(dir / low_water_name, mark_before_last); }

  // Opens with events 1 to `last`, and is an ordinary log from then on.
  void expect_opens(std::uint64_t last, Seq repaired_after) {
    {
      auto log = open_log(dir);
      BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
      BOOST_TEST((*log)->position().durable.value == last);
      BOOST_TEST((*log)->repaired_after().value == repaired_after.value);
      BOOST_TEST((read_all(**log) == sample_events(1, last)));
      BOOST_TEST(bool((*log)->append(sample_events(last + 1, 5))));
    }
    auto again = open_log(dir);
    BOOST_TEST_REQUIRE(again.has_value(), (again ? "" : again.error().text));
    BOOST_TEST((*again)->repaired_after().value == 0u);
    BOOST_TEST((read_all(**again) == sample_events(1, last + 5)));
  }

  // Refuses, names what it must, and refuses again.
  void expect_refused(ErrorCode code, const std::vector<std::string>& words) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto log = open_log(dir);
      BOOST_REQUIRE(!log);
      BOOST_TEST((log.error().code == code), log.error().text);
      for (const std::string& word : words) {
        BOOST_TEST((log.error().text.find(word) != std::string::npos),
                   "no '" << word << "' in: " << log.error().text);
      }
    }
    BOOST_TEST(!std::filesystem::exists(dir / repair_name));
  }
};

BOOST_FIXTURE_TEST_SUITE(damage, Fixture)

BOOST_AUTO_TEST_CASE(a_killed_process_loses_nothing) { expect_opens(last_seq, Seq{}); }

BOOST_AUTO_TEST_CASE(a_last_group_cut_before_it_was_acknowledged_is_left_out) {
  forget_last_acknowledgement();
  const std::size_t size = file_content(wal()).size();
  std::filesystem::resize_file(wal(), (wal_before_last + size) / 2);
  expect_opens(last_seq - group_size, Seq{});  // strict opening allows this by itself
}

BOOST_AUTO_TEST_CASE(a_last_group_cut_after_it_was_acknowledged_is_refused) {
  const std::size_t size = file_content(wal()).size();
  std::filesystem::resize_file(wal(), (wal_before_last + size) / 2);
  expect_refused(ErrorCode::acknowledged_lost, {"990", "1000", "accept-loss-after 990"});
}

BOOST_AUTO_TEST_CASE(garbage_after_the_end_changes_nothing) {
  std::string content = file_content(wal());
  for (int i = 0; i < 5000; ++i) content += static_cast<char>(i * 37 + 11);
  set_file_content(wal(), content);
  auto log = open_log(dir);
  BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
  BOOST_TEST((read_all(**log) == sample_events(1, last_seq)));
}

BOOST_AUTO_TEST_CASE(zeroes_after_the_end_change_nothing) {
  set_file_content(wal(), file_content(wal()) + std::string(4096, '\0'));
  expect_opens(last_seq, Seq{});
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_an_unacknowledged_last_group_is_repaired) {
  forget_last_acknowledgement();
  flip_bit(wal(), (wal_before_last + file_content(wal()).size()) / 2);
  expect_opens(last_seq - group_size, Seq{last_seq - group_size});
  BOOST_TEST(std::filesystem::exists(dir / torn_name));  // the damaged files are kept
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_an_acknowledged_last_group_is_refused) {
  flip_bit(wal(), (wal_before_last + file_content(wal()).size()) / 2);
  expect_refused(ErrorCode::acknowledged_lost, {"990", "1000"});
}

// RocksDB's default mode opens this one, says OK, and has silently dropped half of it.
BOOST_AUTO_TEST_CASE(a_flipped_bit_in_the_middle_is_refused) {
  flip_bit(wal(), file_content(wal()).size() / 2);
  const std::string evidence = file_content(wal());
  expect_refused(ErrorCode::acknowledged_lost, {"1000", "skyctl log repair"});
  BOOST_TEST((file_content(wal()) == evidence));  // a person may still want to look at it
}

// All of RocksDB's modes open this one as an empty log and say OK.
BOOST_AUTO_TEST_CASE(a_missing_write_ahead_log_is_refused) {
  const auto path = wal();
  const std::string content = file_content(path);
  std::filesystem::remove(path);
  const auto log = open_log(dir);
  BOOST_REQUIRE(!log);
  BOOST_TEST((log.error().code == ErrorCode::acknowledged_lost), log.error().text);
  BOOST_TEST(log.error().text.find("event 0, but event 1000") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_old_copy_in_the_place_of_the_log_is_refused) {
  std::filesystem::remove_all(dir / database_name);
  std::filesystem::copy(half_way / database_name, dir / database_name);
  expect_refused(ErrorCode::acknowledged_lost, {"500", "1000"});
}

BOOST_AUTO_TEST_CASE(the_files_of_another_log_are_refused) {
  const auto other = home / "other";
  BOOST_REQUIRE((*open_log(other))->append(sample_events(1, 1)));
  std::filesystem::remove_all(dir / database_name);
  std::filesystem::copy(other / database_name, dir / database_name);
  expect_refused(ErrorCode::wrong_log, {"belong to log"});
}

BOOST_AUTO_TEST_CASE(a_copy_with_other_events_under_the_same_numbers_is_refused) {
  const auto fork = home / "fork";
  copy_as_killed(half_way, fork);
  {
    auto log = open_log(fork);
    BOOST_REQUIRE(log);
    auto events = sample_events(501, 500);
    events[7].service = "another";
    BOOST_REQUIRE((*log)->append(events));
  }
  std::filesystem::remove_all(dir / database_name);
  std::filesystem::copy(fork / database_name, dir / database_name);
  const auto log = open_log(dir);
  BOOST_REQUIRE(!log);
  BOOST_TEST((log.error().code == ErrorCode::acknowledged_lost), log.error().text);
}

BOOST_AUTO_TEST_CASE(a_removed_database_is_refused_not_started_anew) {
  std::filesystem::remove_all(dir / database_name);
  const auto log = open_log(dir);
  BOOST_REQUIRE(!log);
  BOOST_TEST((log.error().code == ErrorCode::acknowledged_lost));
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_a_table_file_is_never_read_as_an_event) {
  BOOST_REQUIRE(open_log(dir));  // moves all events from the write-ahead log into a table
  const auto table = newest_file(dir, ".sst");
  std::size_t noticed = 0;
  const std::string content = file_content(table);
  for (std::size_t part = 1; part < 8; ++part) {
    set_file_content(table, content);
    flip_bit(table, content.size() * part / 8);
    const auto log = open_log(dir);
    if (!log) {
      BOOST_TEST((log.error().code == ErrorCode::corrupt), log.error().text);
      ++noticed;
    } else {
      BOOST_TEST((read_all(**log) == sample_events(1, last_seq)));
    }
  }
  BOOST_TEST(noticed > 0u);
}

// What a power cut leaves of a flush that was not finished: no mode of RocksDB forgives it.
BOOST_AUTO_TEST_CASE(garbage_at_the_end_of_the_list_of_files_is_repaired) {
  const auto manifest = newest_file(dir, "MANIFEST");
  const std::string torn = std::string("ZZZZ\x0a\x00\x01", 7) + std::string(50, 'Z');
  set_file_content(manifest, file_content(manifest) + torn);  // a record with a wrong checksum
  expect_opens(last_seq, Seq{last_seq});
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_early_in_the_list_of_files_never_opens_with_a_loss) {
  BOOST_REQUIRE(open_log(dir));  // moves all events from the write-ahead log into a table
  const auto manifest = newest_file(dir, "MANIFEST");
  const std::string content = file_content(manifest);
  for (std::size_t part = 1; part < 12; ++part) {
    const auto copy = home / "copy";
    copy_as_killed(dir, copy);
    flip_bit(copy / database_name / manifest.filename(), content.size() * part / 12);
    const auto log = open_log(copy);
    if (log) BOOST_TEST((read_all(**log) == sample_events(1, last_seq)), "part " << part);
  }
}

// Truncation follows a snapshot; the mark on the disk may be a second older than both.
BOOST_AUTO_TEST_CASE(a_log_truncated_beyond_the_mark_on_the_disk_opens) {
  const std::string old_mark = file_content(half_way / low_water_name);
  {
    const auto log = open_log(dir);
    BOOST_REQUIRE(log);
    BOOST_REQUIRE((*log)->put_snapshot(sample_snapshot(700)));
    BOOST_REQUIRE((*log)->truncate(Seq{701}));
  }
  set_file_content(dir / low_water_name, old_mark);  // says 500
  const auto log = open_log(dir);
  BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
  BOOST_TEST((read_all(**log, Seq{701}) == sample_events(701, 300)));
}

BOOST_AUTO_TEST_CASE(without_a_low_water_file_a_whole_log_opens) {
  std::filesystem::remove(dir / low_water_name);
  expect_opens(last_seq, Seq{});
  BOOST_TEST(std::filesystem::exists(dir / low_water_name));
}

BOOST_AUTO_TEST_CASE(without_a_low_water_file_a_damaged_log_is_refused) {
  std::filesystem::remove(dir / low_water_name);
  flip_bit(wal(), file_content(wal()).size() / 2);
  expect_refused(ErrorCode::corrupt, {"low_water", "missing"});
}

BOOST_AUTO_TEST_CASE(one_torn_slot_of_the_low_water_file_leaves_the_other) {
  for (const std::size_t offset : {std::size_t{20}, std::size_t{4096 + 20}}) {
    flip_bit(dir / low_water_name, offset);
    const auto mark = read_low_water(dir / low_water_name);
    BOOST_REQUIRE(mark);
    BOOST_REQUIRE(mark->has_value());
    BOOST_TEST((*mark)->seq.value >= last_seq - group_size);
    flip_bit(dir / low_water_name, offset);
  }
}

BOOST_AUTO_TEST_CASE(a_repair_that_was_interrupted_between_its_two_moves_is_finished) {
  std::filesystem::rename(dir / database_name, dir / repair_name);
  std::filesystem::create_directory(dir / torn_name);
  expect_opens(last_seq, Seq{});
}

BOOST_AUTO_TEST_CASE(a_repair_that_was_interrupted_earlier_is_forgotten) {
  std::filesystem::create_directory(dir / repair_name);
  set_file_content(dir / repair_name / "CURRENT", "half a copy");
  expect_opens(last_seq, Seq{});
  BOOST_TEST(!std::filesystem::exists(dir / repair_name));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
