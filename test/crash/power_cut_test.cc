// Simulated power cuts: random histories of acknowledged commits, one commit in flight, and a disk
// that keeps of its unsynced bytes what it likes, sector by sector.
#include <boost/test/unit_test.hpp>
#include <random>

#include "events/opening.h"
#include "test/crash/faulty_file_system.h"
#include "test/crash/stored_files.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using core::Seq;
using Random = std::mt19937_64;

constexpr std::size_t sector_size = 512;
constexpr std::uint64_t history_count = 17;
constexpr int cuts_per_history = 6;
constexpr std::size_t max_marks_behind = 5;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

enum class Tearing { cut, first_sector_lost, garbage, zeroes };

// What the disk has of a file whose first `synced` bytes are safe.
std::string torn(const std::string& written, std::size_t synced, Tearing tearing, Random& random) {
  std::string left = written;
  if (tearing == Tearing::cut) {
    left.resize(synced + below(random, written.size() - synced + 1));
    return left;
  }
  bool is_first = true;
  for (std::size_t at = synced; at < left.size();) {
    const std::size_t end = std::min(left.size(), (at / sector_size + 1) * sector_size);
    const bool is_hit = tearing == Tearing::first_sector_lost ? is_first : below(random, 2) == 0;
    for (std::size_t i = at; is_hit && i < end; ++i) {
      left[i] = tearing == Tearing::garbage ? static_cast<char>(random()) : '\0';
    }
    is_first = false;
    at = end;
  }
  return left;
}

// A log that was at work when the power went: `live` holds every byte ever written.
struct History {
  History(std::uint64_t seed, const std::filesystem::path& live) : random(seed) {
    RocksTuning tuning;
    tuning.env = disk.env.get();
    if (below(random, 2) == 0) tuning.write_buffer_bytes = std::size_t{64} << 10;  // several WALs
    auto log = open_log_with(live, tuning);
    BOOST_TEST_REQUIRE(log.has_value(), (log ? "" : log.error().text));
    for (std::size_t group = 10 + below(random, 60); group > 0; --group) {
      const std::size_t count = 1 + below(random, 60);
      BOOST_TEST_REQUIRE((*log)->append(sample_events(acknowledged + 1, count)).has_value());
      acknowledged += count;
      marks.push_back(file_content(live / low_water_name));
    }
    in_flight = 1 + below(random, 60);
    disk.files->set_fault(FaultyFileSystem::Fault::sync_fails);
    BOOST_TEST_REQUIRE(!(*log)->append(sample_events(acknowledged + 1, in_flight)).has_value());
    copy_as_killed(live, live.string() + ".killed");
  }

  FaultyDisk disk;
  Random random;
  std::uint64_t acknowledged = 0;
  std::size_t in_flight = 0;
  std::vector<std::string> marks;  // the low-water file after each acknowledged commit
};

void tear_unsynced_bytes(History& history, const std::filesystem::path& dir, Tearing tearing) {
  for (const auto& entry : std::filesystem::directory_iterator(dir / database_name)) {
    if (entry.path().extension() != ".log") continue;
    const std::string written = file_content(entry.path());
    const std::size_t synced = history.disk.files->synced_size(entry.path().filename());
    BOOST_TEST_REQUIRE(synced <= written.size());
    set_file_content(entry.path(), torn(written, synced, tearing, history.random));
  }
  const std::size_t behind =
      std::min(below(history.random, max_marks_behind + 1), history.marks.size() - 1);
  set_file_content(dir / low_water_name, history.marks[history.marks.size() - 1 - behind]);
}

BOOST_AUTO_TEST_SUITE(power_cut)

BOOST_AUTO_TEST_CASE(no_acknowledged_event_is_lost_and_nobody_has_to_help) {
  std::size_t repaired = 0;
  for (std::uint64_t seed = 1; seed <= history_count; ++seed) {
    const TemporaryDirectory home;
    History history(seed, home / "log");
    for (int cut = 0; cut < cuts_per_history; ++cut) {
      // Given
      const auto dir = home / "cut";
      copy_as_killed(home / "log.killed", dir);
      tear_unsynced_bytes(history, dir, static_cast<Tearing>(cut % 4));
      // When
      const FaultyDisk quick;
      const auto log = open_log_with(dir, {quick.env.get()});
      // Then
      BOOST_TEST_REQUIRE(log.has_value(), "seed " << seed << ", cut " << cut << ": "
                                                  << (log ? "" : log.error().text));
      const std::uint64_t last = (*log)->position().durable.value;
      BOOST_TEST((last == history.acknowledged || last == history.acknowledged + history.in_flight),
                 "seed " << seed << ", cut " << cut << " ends at " << last << " instead of "
                         << history.acknowledged);
      BOOST_TEST((read_all(**log) == sample_events(1, last)));
      BOOST_TEST(bool((*log)->append(sample_events(last + 1, 2))));
      if ((*log)->repaired_after()) ++repaired;
    }
  }
  BOOST_TEST(repaired > 0u);  // the second step of the opening procedure was really needed
}

BOOST_AUTO_TEST_CASE(rot_and_missing_files_older_than_the_mark_are_always_refused) {
  for (std::uint64_t seed = 100; seed < 110; ++seed) {
    const TemporaryDirectory home;
    History history(seed, home / "log");
    const auto dir = home / "cut";
    for (const bool removes : {false, true}) {
      copy_as_killed(home / "log.killed", dir);
      const auto wal = newest_file(dir, ".log");
      const std::size_t synced = history.disk.files->synced_size(wal.filename());
      if (removes) {
        std::filesystem::remove(wal);
      } else if (synced == 0) {
        continue;  // rotated just now: nothing acknowledged is in this file
      } else {
        flip_bit(wal, below(history.random, synced));
      }
      const auto log = open_log(dir);
      if (log) {  // only if nothing acknowledged was touched
        BOOST_TEST((*log)->position().durable.value >= history.acknowledged);
      } else {
        BOOST_TEST((log.error().code == core::ErrorCode::acknowledged_lost), log.error().text);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
