// A disk that is full or broken from the nth change on, for n = 1, 2, 3 ... until nothing fails any
// more: opening, committing, snapshots, truncation, backup, restore, repair, recovery. Whatever was
// acknowledged is there afterwards, and what failed can be done again.
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <functional>

#include "events/log_check.h"
#include "events/log_repair.h"
#include "events/log_restore.h"
#include "events/opening.h"
#include "test/crash/disk_calls.h"
#include "test/crash/stored_files.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

namespace fs = std::filesystem;
using core::Result;
using core::Seq;

constexpr core::WallTime noon{core::seconds(1'800'000'000)};
constexpr std::uint64_t stored_events = 100;
constexpr std::uint64_t patience = 2000;  // with more changes of the disk it has gone wild

struct Fault {
  const char* name;
  int error;
  bool is_lasting;  // else the disk is well again right after
};
constexpr Fault faults[] = {
    {"full", ENOSPC, true}, {"broken", EIO, true}, {"broken for a moment", EIO, false}};

class FailingDisk final : public DiskObserver {
 public:
  FailingDisk(std::uint64_t nth, const Fault& fault) : left_(nth), fault_(fault) {}
  bool has_failed() const { return has_failed_; }

  int refusal(const DiskCall& call) override {
    if (fault_.error == ENOSPC && call.what == DiskCall::What::remove) return 0;
    if (left_ > 0) --left_;
    if (left_ > 0 || (has_failed_ && !fault_.is_lasting)) return 0;
    has_failed_ = true;
    return fault_.error;
  }
  void happened(DiskCall) override {}

 private:
  std::uint64_t left_;
  const Fault fault_;
  bool has_failed_ = false;
};

std::unique_ptr<Log> opened(const fs::path& directory) {
  auto log = open_log(directory);
  BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
  return std::move(*log);
}

// The log of the directory holds sample events from its beginning up to its end.
void expect_events_up_to(const Log& log, std::uint64_t at_least, std::uint64_t at_most) {
  const std::uint64_t last = log.position().durable.value;
  BOOST_TEST_REQUIRE(last >= at_least);
  BOOST_TEST_REQUIRE(last <= at_most);
  const std::uint64_t first = log.position().first_retained.value;
  BOOST_TEST_REQUIRE((read_all(log, Seq{first}) == sample_events(first, last - first + 1)));
}

struct Fixture {
  const TemporaryDirectory home{quick_place()};
  const fs::path original = home / "original";
  const fs::path world = home / "world";
  const fs::path path = world / "log";

  Fixture() {
    const QuickDisk quick(home.path());
    fs::create_directory(original);
    const auto made = opened(home / "live");
    for (std::uint64_t next = 1; next <= stored_events; next += 10) {
      BOOST_REQUIRE(made->append(sample_events(next, 10)));
    }
    BOOST_REQUIRE(made->put_snapshot(sample_snapshot(40)));
    copy_as_killed(home / "live", original / "log");  // closing would leave little to fail
  }

  // `act` on a fresh copy of the world with a disk that fails, then `examine` with a good one.
  void run(const std::function<Result<void>()>& act,
           const std::function<void(const Result<void>&)>& examine) {
    for (const Fault& fault : faults) {
      failing = &fault;
      std::uint64_t nth = 1;
      for (bool has_failed = true; has_failed; ++nth) {
        BOOST_TEST_CONTEXT("the disk is " << fault.name << " from change " << nth << " on") {
          BOOST_TEST_REQUIRE(nth < patience);
          fs::remove_all(world);
          fs::copy(original, world, fs::copy_options::recursive);
          FailingDisk disk(nth, fault);
          Result<void> outcome;
          {
            const DiskObservation observation(world.string(), disk);
            outcome = act();
          }
          has_failed = disk.has_failed();
          BOOST_TEST((has_failed || outcome), (outcome ? "" : outcome.error().text));
          const QuickDisk quick(world);
          examine(outcome);
        }
      }
      BOOST_TEST(nth > 5u);  // something was tried at all
    }
  }

  std::uint64_t acknowledged = 0;  // by the newest act
  const Fault* failing = nullptr;  // of the newest act
};

BOOST_FIXTURE_TEST_SUITE(failing_disk, Fixture)

BOOST_AUTO_TEST_CASE(a_new_log_loses_nothing_acknowledged) {
  const fs::path fresh = world / "fresh";
  run(
      [&]() -> Result<void> {
        acknowledged = 0;
        auto log = open_log(fresh);
        if (!log) return log.error();
        for (std::uint64_t commit = 0; commit < 6; ++commit) {
          const auto done = (*log)->append(sample_events(acknowledged + 1, 10));
          if (!done) return done.error();
          acknowledged += 10;
          const auto settled = (*log)->settle();
          if (!settled) return settled;
        }
        return {};
      },
      [&](const Result<void>&) {
        const auto log = opened(fresh);
        expect_events_up_to(*log, acknowledged, acknowledged + 10);
        BOOST_TEST(bool(log->append(sample_events(log->position().durable.value + 1, 10))));
      });
}

BOOST_AUTO_TEST_CASE(after_a_failed_commit_nothing_is_taken_until_it_is_opened_again) {
  run(
      [&]() -> Result<void> {
        acknowledged = stored_events;
        auto log = open_log(path);
        if (!log) return log.error();
        Result<void> outcome;
        for (std::uint64_t commit = 0; commit < 4; ++commit) {
          const auto done = (*log)->append(sample_events(acknowledged + 1, 10));
          BOOST_TEST((outcome || !done));
          if (done) acknowledged += 10;
          if (outcome && !done) outcome = done.error();
        }
        return outcome;
      },
      [&](const Result<void>&) {
        expect_events_up_to(*opened(path), acknowledged, acknowledged + 10);
      });
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_stored_whole_or_not_at_all) {
  run(
      [&]() -> Result<void> {
        auto log = open_log(path);
        return log ? (*log)->put_snapshot(sample_snapshot(stored_events)) : log.error();
      },
      [&](const Result<void>& outcome) {
        const auto log = opened(path);
        expect_events_up_to(*log, stored_events, stored_events);
        bool has_new = false;
        BOOST_TEST(bool(log->visit_snapshots([&](Seq seq, const Result<Snapshot>& one) {
          BOOST_TEST(one.has_value());
          has_new = has_new || seq.value == stored_events;
          return true;
        })));
        BOOST_TEST((has_new || !outcome));
        BOOST_TEST(bool(log->put_snapshot(sample_snapshot(stored_events))));
      });
}

BOOST_AUTO_TEST_CASE(a_truncation_is_done_or_can_be_done_again) {
  run(
      [&]() -> Result<void> {
        auto log = open_log(path);
        return log ? (*log)->truncate(Seq{41}) : log.error();
      },
      [&](const Result<void>& outcome) {
        const auto log = opened(path);
        const std::uint64_t first = log->position().first_retained.value;
        BOOST_TEST((first == 41 || (first == 1 && !outcome)));
        expect_events_up_to(*log, stored_events, stored_events);
        BOOST_TEST(bool(log->truncate(Seq{41})));
        expect_events_up_to(*log, stored_events, stored_events);
      });
}

BOOST_AUTO_TEST_CASE(a_failed_backup_leaves_nothing_and_can_be_made_again) {
  run(
      [&]() -> Result<void> {
        auto log = open_log(path);
        return log ? (*log)->backup(world / "copy") : log.error();
      },
      [&](const Result<void>& outcome) {
        expect_events_up_to(*opened(path), stored_events, stored_events);
        if (!outcome) {
          const bool lets_clean_up = failing->error == ENOSPC || !failing->is_lasting;
          BOOST_TEST((!fs::exists(world / "copy") || !lets_clean_up));
          fs::remove_all(world / "copy");
          BOOST_REQUIRE(opened(path)->backup(world / "copy"));
        }
        const auto check = check_log(world / "copy");
        BOOST_REQUIRE(check);
        BOOST_TEST(!check->damage);
        BOOST_TEST(check->last.value == stored_events);
      });
}

BOOST_AUTO_TEST_CASE(a_restore_leaves_the_old_log_or_the_backup_and_can_be_done_again) {
  const fs::path backup = home / "backup";
  {
    const auto log = opened(original / "log");
    BOOST_REQUIRE(log->backup(backup));
    BOOST_REQUIRE(log->append(sample_events(stored_events + 1, 10)));
  }
  run(
      [&]() -> Result<void> {
        const auto restored = restore_log(backup, path);
        return restored ? Result<void>() : restored.error();
      },
      [&](const Result<void>& outcome) {
        const auto before = open_log(path);
        if (before) {
          BOOST_TEST(!outcome);
          expect_events_up_to(**before, stored_events + 10, stored_events + 10);
        } else {  // the backup is in: older than what was acknowledged, and it says so
          BOOST_TEST((before.error().code == core::ErrorCode::acknowledged_lost),
                     before.error().text);
        }
        if (before) return;
        const auto again = restore_log(backup, path);
        BOOST_TEST_REQUIRE(again.has_value(), (again ? "" : again.error().text));
        BOOST_REQUIRE(repair_log(path, Seq{stored_events}, noon));
        BOOST_TEST(opened(path)->position().durable.value == stored_events + 1);
      });
}

BOOST_AUTO_TEST_CASE(a_repair_is_done_or_can_be_done_again) {
  const auto wal = newest_file(original / "log", ".log");
  flip_bit(wal, file_content(wal).size() / 2);
  const auto check = check_log(original / "log");
  BOOST_REQUIRE(check);
  BOOST_REQUIRE(check->damage);
  const Seq kept = check->last;
  run(
      [&]() -> Result<void> {
        const auto repaired = repair_log(path, kept, noon);
        return repaired ? Result<void>() : repaired.error();
      },
      [&](const Result<void>& outcome) {
        if (auto log = open_log(path); !log) {
          BOOST_TEST(!outcome);
          const auto again = repair_log(path, kept, noon);
          BOOST_TEST_REQUIRE(again.has_value(), (again ? "" : again.error().text));
        }
        const auto log = opened(path);
        auto events = read_all(*log);
        BOOST_REQUIRE(events.size() >= kept.value);
        events.resize(kept.value);
        BOOST_TEST((events == sample_events(1, kept.value)));
      });
}

BOOST_AUTO_TEST_CASE(leaving_out_a_torn_tail_is_done_or_can_be_done_again) {
  const fs::path torn = home / "torn";
  std::string mark;
  std::size_t synced = 0;
  {
    const auto log = opened(original / "log");
    mark = file_content(original / "log" / low_water_name);
    synced = file_content(newest_file(original / "log", ".log")).size();
    BOOST_REQUIRE(log->append(sample_events(stored_events + 1, 50)));
    copy_as_killed(original / "log", torn);
  }
  fs::remove_all(original / "log");
  fs::rename(torn, original / "log");
  const auto wal = newest_file(original / "log", ".log");
  flip_bit(wal, (synced + file_content(wal).size()) / 2);
  set_file_content(original / "log" / low_water_name, mark);  // it was never acknowledged
  run(
      [&]() -> Result<void> {
        const auto log = open_log(path);
        return log ? Result<void>() : log.error();
      },
      [&](const Result<void>&) {
        expect_events_up_to(*opened(path), stored_events, stored_events);
      });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
