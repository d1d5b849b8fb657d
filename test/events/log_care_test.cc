// Looking after a log: the check that names the first bad commit, backups, repair, snapshots and
// truncation.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>

#include "events/follow_session.h"
#include "events/little_endian.h"
#include "events/log_check.h"
#include "events/log_repair.h"
#include "events/log_restore.h"
#include "events/opening.h"
#include "events/rocks_store.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using core::ErrorCode;
using core::Seq;

const core::WallTime noon{core::seconds(1'800'000'000)};

struct Fixture {
  TemporaryDirectory home;
  const std::filesystem::path path = home / "log";

  std::unique_ptr<Log> open() { return open_at(path); }
  static std::unique_ptr<Log> open_at(const std::filesystem::path& directory) {
    auto log = open_log(directory);
    BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
    return std::move(*log);
  }
  // Commits of ten events each.
  void fill(std::uint64_t commits) {
    auto log = open();
    for (std::uint64_t i = 0; i < commits; ++i)
      BOOST_REQUIRE(log->append(sample_events(log->position().durable.value + 1, 10)));
  }
  // Behind the log's back: another commit in the place of one.
  void replace_commit(std::uint64_t first, const std::string& bytes) {
    auto store = RocksStore::open(path / database_name, RocksTuning{},
                                  rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                                  RocksStore::Access::read_write);
    BOOST_REQUIRE(store);
    BOOST_REQUIRE((*store)->append(first, bytes));
  }
  LogCheck check() {
    auto found = check_log(path);
    BOOST_TEST_REQUIRE(found.has_value(), (found ? "" : found.error().text));
    return *found;
  }
  static Snapshot snapshot(std::uint64_t seq) {
    Snapshot one{Seq{seq}, 7, 0, "1.2.3", "state of " + std::to_string(seq)};
    one.state_hash = state_hash(one.state);
    return one;
  }
  // With the base that a truncation demands.
  static core::Result<void> cut(Log& log, std::uint64_t first) {
    BOOST_REQUIRE(log.put_snapshot(snapshot((first - 1) / 10 * 10)));
    return log.truncate(Seq{first});
  }
  static std::map<std::uint64_t, bool> snapshots(const Log& log) {
    std::map<std::uint64_t, bool> found;
    BOOST_TEST(bool(log.visit_snapshots([&](Seq seq, const core::Result<Snapshot>& one) {
      found[seq.value] = one.has_value();
      return true;
    })));
    return found;
  }
};

BOOST_FIXTURE_TEST_SUITE(log_care, Fixture)

BOOST_AUTO_TEST_CASE(a_whole_log_is_good_and_counted) {
  fill(5);
  const LogCheck found = check();
  BOOST_TEST(!found.damage);
  BOOST_TEST(found.events == 50u);
  BOOST_TEST(found.commits == 5u);
  BOOST_TEST(found.last.value == 50u);
  BOOST_TEST(found.mark->seq.value == 50u);
  BOOST_TEST((found.newest->wall == sample_event(50).time.wall));
}

BOOST_AUTO_TEST_CASE(the_first_bad_commit_is_named_although_a_later_one_is_bad_too) {
  fill(5);
  replace_commit(21, "rubbish");
  replace_commit(41, "rubbish");
  const LogCheck found = check();
  BOOST_REQUIRE(found.damage);
  BOOST_TEST((found.damage->code == ErrorCode::corrupt));
  BOOST_TEST(found.damage->text.find("event 21 ") != std::string::npos, found.damage->text);
  BOOST_TEST(found.last.value == 20u);
}

BOOST_AUTO_TEST_CASE(a_whole_commit_that_breaks_the_chain_is_bad) {
  fill(3);
  replace_commit(11, encode_commit(1, 0xdead, sample_events(11, 10)));
  const LogCheck found = check();
  BOOST_REQUIRE(found.damage);
  BOOST_TEST(found.damage->text.find("event 11 ") != std::string::npos, found.damage->text);
}

BOOST_AUTO_TEST_CASE(beside_a_writer_the_check_goes_as_far_as_was_acknowledged) {
  auto log = open();
  BOOST_REQUIRE(log->append(sample_events(1, 10)));
  const LogCheck found = check();
  BOOST_TEST(!found.damage);
  BOOST_TEST(found.last.value == 10u);
}

BOOST_AUTO_TEST_CASE(a_backup_beside_a_writer_is_whole_and_opens_as_a_log) {
  auto log = open();
  BOOST_REQUIRE(log->append(sample_events(1, 10)));
  BOOST_TEST(bool(log->backup(home / "copy")));
  BOOST_TEST(!log->backup(home / "copy"));  // never over an earlier one
  BOOST_REQUIRE(log->append(sample_events(11, 10)));
  const auto found = check_log(home / "copy");
  BOOST_REQUIRE(found);
  BOOST_TEST(!found->damage);
  BOOST_TEST(found->last.value == 10u);
  auto copy = open_at(home / "copy");
  BOOST_TEST(copy->id() == log->id());
  BOOST_TEST((read_all(*copy) == sample_events(1, 10)));
}

BOOST_AUTO_TEST_CASE(an_old_backup_is_restored_and_demands_the_accepted_loss) {
  fill(2);
  BOOST_REQUIRE(open()->backup(home / "copy"));
  fill(1);
  const auto restored = restore_log(home / "copy", path);
  BOOST_TEST_REQUIRE(restored.has_value(), (restored ? "" : restored.error().text));
  const auto refused = open_log(path);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::acknowledged_lost));
  // when more is accepted than is there, the text says what is
  const auto too_much = repair_log(path, Seq{25}, noon);
  BOOST_REQUIRE(!too_much);
  BOOST_TEST(too_much.error().text.find("--accept-loss-after 20") != std::string::npos);
  const auto repaired = repair_log(path, Seq{20}, noon);
  BOOST_TEST_REQUIRE(repaired.has_value(), (repaired ? "" : repaired.error().text));
  auto log = open();
  const auto events = read_all(*log);
  BOOST_REQUIRE(events.size() == 21u);
  BOOST_TEST((events.back().body == core::EventBody(core::LogRepaired{Seq{20}, Seq{30}})));
}

BOOST_AUTO_TEST_CASE(a_backup_of_another_log_or_a_damaged_one_changes_nothing) {
  fill(2);
  { BOOST_REQUIRE(open_at(home / "other")->append(sample_events(1, 50))); }
  BOOST_REQUIRE(open_at(home / "other")->backup(home / "copy"));
  const auto wrong = restore_log(home / "copy", path);
  BOOST_REQUIRE(!wrong);
  BOOST_TEST((wrong.error().code == ErrorCode::wrong_log));
  BOOST_TEST((read_all(*open()) == sample_events(1, 20)));
}

BOOST_AUTO_TEST_CASE(a_backup_restored_into_an_empty_home_is_its_log) {
  fill(2);
  BOOST_REQUIRE(open()->backup(home / "copy"));
  const auto id = open()->id();
  BOOST_REQUIRE(restore_log(home / "copy", home / "new"));
  auto log = open_at(home / "new");
  BOOST_TEST(log->id() == id);
  BOOST_TEST((read_all(*log) == sample_events(1, 20)));
}

BOOST_AUTO_TEST_CASE(a_repair_keeps_what_is_before_the_first_bad_commit) {
  fill(5);
  replace_commit(31, "rubbish");
  const auto repaired = repair_log(path, Seq{30}, noon);
  BOOST_TEST_REQUIRE(repaired.has_value(), (repaired ? "" : repaired.error().text));
  BOOST_TEST(repaired->kept.value == 30u);
  BOOST_TEST(repaired->acknowledged.value == 50u);
  auto log = open();
  BOOST_TEST((log->position().durable.value == 31u));
  auto events = read_all(*log);
  events.pop_back();
  BOOST_TEST((events == sample_events(1, 30)));
  BOOST_TEST(bool(log->append(sample_events(32, 5))));
}

BOOST_AUTO_TEST_CASE(a_repaired_log_that_was_truncated_keeps_its_beginning_and_its_snapshots) {
  fill(5);
  {
    auto log = open();
    BOOST_REQUIRE(log->put_snapshot(snapshot(25)));
    BOOST_REQUIRE(log->put_snapshot(snapshot(45)));
    BOOST_REQUIRE(cut(*log, 21));
  }
  replace_commit(41, "rubbish");
  BOOST_REQUIRE(repair_log(path, Seq{40}, noon));
  auto log = open();
  BOOST_TEST(log->position().first_retained.value == 21u);
  BOOST_TEST((snapshots(*log) == std::map<std::uint64_t, bool>{{20, true}, {25, true}}));
}

BOOST_AUTO_TEST_CASE(a_good_log_is_not_repaired) {
  fill(1);
  const auto repaired = repair_log(path, Seq{5}, noon);
  BOOST_REQUIRE(!repaired);
  BOOST_TEST((repaired.error().code == ErrorCode::conflict));
  BOOST_TEST((read_all(*open()) == sample_events(1, 10)));
}

BOOST_AUTO_TEST_CASE(only_the_newest_snapshots_stay) {
  fill(6);
  {
    auto log = open();
    for (const std::uint64_t seq : {10, 20, 30, 40})
      BOOST_TEST(bool(log->put_snapshot(snapshot(seq))));
  }
  const auto found = snapshots(*open());
  BOOST_TEST(found.size() == kept_snapshots);
  BOOST_TEST(!found.contains(10));
  for (const auto& [seq, is_good] : found) BOOST_TEST(is_good);
}

BOOST_AUTO_TEST_CASE(every_flipped_byte_of_a_snapshot_is_noticed) {
  fill(1);
  BOOST_REQUIRE(open()->put_snapshot(snapshot(10)));
  std::string stored;
  const auto with_store = [&](auto use) {
    auto store = RocksStore::open(path / database_name, RocksTuning{},
                                  rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                                  RocksStore::Access::read_write);
    BOOST_REQUIRE(store);
    use(**store);
  };
  with_store([&](RocksStore& store) {
    BOOST_REQUIRE(store.scan_snapshots([&](std::uint64_t, std::span<const std::byte> bytes) {
      stored.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return false;
    }));
  });
  for (const std::size_t at :
       {std::size_t{1}, std::size_t{5}, std::size_t{9}, std::size_t{13}, std::size_t{21},
        std::size_t{29}, std::size_t{33}, stored.size() - 1}) {
    std::string flipped = stored;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    with_store([&](RocksStore& store) { BOOST_REQUIRE(store.put_snapshot(10, flipped, {})); });
    BOOST_TEST(!snapshots(*open()).at(10), "byte " << at);
  }
}

BOOST_AUTO_TEST_CASE(a_snapshot_newer_than_the_log_is_not_used) {
  fill(1);
  auto log = open();
  BOOST_REQUIRE(log->put_snapshot(snapshot(11)));
  BOOST_TEST(!snapshots(*log).at(11));
}

BOOST_AUTO_TEST_CASE(a_truncated_log_begins_with_a_whole_commit_and_goes_on) {
  fill(50);
  {
    auto log = open();
    BOOST_TEST(bool(cut(*log, 255)));
    BOOST_TEST(log->position().first_retained.value == 251u);
    BOOST_TEST((read_all(*log, Seq{251}) == sample_events(251, 250)));
    const auto gone =
        log->read(Seq{250}, [](const Commit&, std::span<const std::byte>) { return true; });
    BOOST_REQUIRE(!gone);
    BOOST_TEST((gone.error().code == ErrorCode::not_found));
    BOOST_TEST(bool(log->append(sample_events(501, 10))));
  }
  auto log = open();
  BOOST_TEST(log->position().first_retained.value == 251u);
  BOOST_TEST((read_all(*log, Seq{}) == sample_events(251, 260)));
  const LogCheck found = check();
  BOOST_TEST(!found.damage);
  BOOST_TEST(found.events == 260u);
}

BOOST_AUTO_TEST_CASE(a_log_is_never_truncated_past_its_end_nor_backwards) {
  fill(5);
  auto log = open();
  BOOST_TEST(!log->truncate(Seq{51}));
  BOOST_TEST(bool(cut(*log, 31)));
  BOOST_TEST(bool(log->truncate(Seq{11})));  // nothing is left to do
  BOOST_TEST(log->position().first_retained.value == 31u);
}

BOOST_AUTO_TEST_CASE(without_a_whole_base_nothing_is_forgotten) {
  fill(5);
  auto log = open();
  const auto refuse = [&] {
    const auto refused = log->truncate(Seq{31});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == ErrorCode::conflict));
    BOOST_TEST((read_all(*log) == sample_events(1, 50)));
  };
  refuse();
  BOOST_REQUIRE(log->put_snapshot(snapshot(45)));  // of another event
  refuse();
  Snapshot broken = snapshot(30);
  broken.state += "!";
  BOOST_REQUIRE(log->put_snapshot(broken));
  refuse();
  BOOST_REQUIRE(log->put_snapshot(snapshot(30)));
  BOOST_TEST(bool(log->truncate(Seq{31})));
}

BOOST_AUTO_TEST_CASE(the_base_of_a_truncated_log_stays_however_many_snapshots_follow) {
  fill(20);
  {
    auto log = open();
    for (const std::uint64_t seq : {10, 100, 110, 120}) {
      BOOST_REQUIRE(log->put_snapshot(snapshot(seq)));
    }
    BOOST_REQUIRE(log->put_snapshot(snapshot(50)));  // to become the base: older than the newest
    BOOST_TEST((snapshots(*log) ==
                std::map<std::uint64_t, bool>{{50, true}, {100, true}, {110, true}, {120, true}}));
    BOOST_REQUIRE(log->truncate(Seq{51}));
    for (const std::uint64_t seq : {130, 140, 150, 160}) {
      BOOST_REQUIRE(log->put_snapshot(snapshot(seq)));
    }
    BOOST_TEST((snapshots(*log) ==
                std::map<std::uint64_t, bool>{{50, true}, {140, true}, {150, true}, {160, true}}));
    // The next cut moves the base, and the old one goes with the events it served.
    BOOST_REQUIRE(cut(*log, 91));
  }
  BOOST_TEST((snapshots(*open()) ==
              std::map<std::uint64_t, bool>{{90, true}, {140, true}, {150, true}, {160, true}}));
}

BOOST_AUTO_TEST_CASE(the_space_of_the_events_is_estimated_from_any_of_them_on) {
  auto opened = open_log_with(path, {.write_buffer_bytes = std::size_t{64} << 10});
  BOOST_REQUIRE(opened);
  Log& log = **opened;
  for (std::uint64_t first = 1; first < 10'000; first += 100)
    BOOST_REQUIRE(log.append(sample_events(first, 100)));
  const double all = static_cast<double>(*log.stored_bytes(Seq{1}));
  BOOST_TEST(all > 50'000);
  for (const std::uint64_t from : {2'500, 5'000, 7'500}) {
    const double share = static_cast<double>(*log.stored_bytes(Seq{from})) / all;
    BOOST_TEST(std::abs(share - (1 - static_cast<double>(from) / 10'000)) < 0.15, from);
  }
  BOOST_TEST(*log.stored_bytes(Seq{10'001}) == 0u);
}

BOOST_AUTO_TEST_CASE(a_follower_cut_off_in_mid_catch_up_is_told_where_the_log_begins) {
  fill(50);
  auto log = open();
  FrameReader reader(max_daemon_frame);
  std::size_t backlog = 0;
  FollowSession session(
      *log, {[&](std::string frame) { reader.feed(as_bytes(frame)); }, [&] { return backlog; }},
      [] { return core::RoutingSnapshot{}; }, [](BalancerReport) {});
  BOOST_TEST(!session.position());
  BOOST_REQUIRE(session.receive(as_bytes(request_frame({Seq{1}, false}))));
  BOOST_TEST((session.position() == Seq{1}));
  backlog = max_follower_backlog;  // it reads nothing for a while
  BOOST_TEST(bool(session.take_turn()));
  BOOST_REQUIRE(cut(*log, 301));
  backlog = 0;
  BOOST_TEST(bool(session.take_turn()));
  BOOST_TEST(!session.position());
  std::vector<FrameKind> kinds;
  Seq kept;
  for (auto next = reader.next(); next && *next; next = reader.next()) {
    kinds.push_back((*next)->kind);
    if ((*next)->kind == FrameKind::compacted) kept = *decode_seq((*next)->payload);
  }
  BOOST_TEST((kinds == std::vector{FrameKind::welcome, FrameKind::compacted}));
  BOOST_TEST(kept.value == 301u);
  BOOST_REQUIRE(session.receive(as_bytes(request_frame({kept, false}))));  // goes on from there
  BOOST_TEST(bool(session.take_turn()));
  BOOST_TEST(session.is_live());
  BOOST_TEST((session.position() == log->position().durable.next()));
}

BOOST_AUTO_TEST_CASE(a_truncation_that_a_crash_interrupted_reads_as_done) {
  fill(5);
  {
    auto store = RocksStore::open(path / database_name, RocksTuning{},
                                  rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                                  RocksStore::Access::read_write);
    BOOST_REQUIRE(store);
    BOOST_REQUIRE((*store)->put_meta({{first_retained_key, "31"}}));  // nothing deleted yet
  }
  BOOST_TEST((read_all(*open(), Seq{}) == sample_events(31, 20)));
  BOOST_TEST(check().events == 20u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
