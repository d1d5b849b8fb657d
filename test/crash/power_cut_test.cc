// Simulated power cuts at any change of the disk: in the middle of commits, flushes, snapshots,
// truncations, openings, and of the recovery from an earlier cut; and what no power cut does: rot
// and lost files, which are refused.
#include <boost/test/unit_test.hpp>
#include <map>
#include <sstream>

#include "events/opening.h"
#include "test/crash/disk_journal.h"
#include "test/crash/stored_files.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using core::Seq;

constexpr std::uint64_t history_count = 100;
constexpr std::uint64_t rotten_histories = 50;
constexpr int cuts_per_history = 10;  // and one more for every third, in the middle of recovery
constexpr std::size_t small_write_buffer = std::size_t{64} << 10;  // several write-ahead logs

// What the program knew when `since` changes of the disk had happened.
struct Known {
  std::size_t since = 0;
  const char* doing = "";
  std::uint64_t acknowledged = 0;
  std::uint64_t begun = 0;  // the last event handed to append()
  std::uint64_t first_kept = 1;
  std::uint64_t first_wanted = 1;  // a truncation to here has begun
  std::uint64_t snapshot = 0;  // the newest that was acknowledged
};

std::unique_ptr<Log> opened(const std::filesystem::path& directory, const RocksTuning& tuning,
                            const std::string& about) {
  auto log = open_log_with(directory, tuning);
  BOOST_TEST_REQUIRE(log.has_value(), about << (log ? "" : ": " + log.error().text));
  return std::move(*log);
}

// A log at work, every change of its disk remembered.
class History {
 public:
  History(std::uint64_t seed, const std::filesystem::path& world)
      : random(seed), journal(world), about_("history " + std::to_string(seed)) {
    if (seed % 2 == 0) tuning.write_buffer_bytes = small_write_buffer;
    const DiskObservation observation(world.string(), journal);
    learn("opening");
    auto log = opened(world / "log", tuning, about_);
    for (std::size_t step = 10 + below(random, 60); step > 0; --step) {
      const std::size_t what = below(random, 20);
      if (what == 0) take_snapshot(*log);
      if (what == 1) truncate(*log);
      if (what == 2) {
        learn("closing");
        log.reset();
        learn("opening");
        log = opened(world / "log", tuning, about_);
      }
      append(*log);
      if (below(random, 4) == 0) BOOST_REQUIRE(log->settle());  // once a second, in earnest
    }
    copy_as_killed(world / "log", world.string() + ".killed");
    learn("closing");
  }

  // Moments of each kind of work.
  const std::map<std::string, std::vector<std::size_t>>& moments() {
    if (!moments_.empty()) return moments_;
    for (std::size_t i = 0; i < journal.size(); ++i) moments_[doing_at(i)].push_back(i);
    return moments_;
  }
  const Known& at(std::size_t moment) const {
    const Known* newest = &known_.front();
    for (const Known& one : known_) {
      if (one.since <= moment) newest = &one;
    }
    return *newest;
  }

  // A table or its list being written is a flush, whatever the writer was doing meanwhile.
  std::string doing_at(std::size_t moment) const {
    const std::string& path = journal.change(moment).path;
    const bool is_flush = path.ends_with(".sst") || path.find("MANIFEST") != std::string::npos;
    const std::string doing = at(moment).doing;
    return is_flush && doing != "opening" ? "flushing" : doing;
  }

  Random random;
  DiskJournal journal;
  RocksTuning tuning;

 private:
  void learn(const char* doing) {
    now_.since = journal.size();
    now_.doing = doing;
    known_.push_back(now_);
  }
  void append(Log& log) {
    const std::size_t count = 1 + below(random, 60);
    firsts_.push_back(now_.begun + 1);
    now_.begun += count;
    learn("committing");
    BOOST_TEST_REQUIRE(log.append(sample_events(now_.acknowledged + 1, count)).has_value());
    now_.acknowledged += count;
    learn("committed");
  }
  void take_snapshot(Log& log) {
    if (now_.acknowledged == 0) return;
    learn("taking a snapshot");
    BOOST_REQUIRE(log.put_snapshot(sample_snapshot(now_.acknowledged, below(random, 20'000))));
    now_.snapshot = now_.acknowledged;
    learn("took a snapshot");
  }
  // Before the newest of the commits so far, or an older one; with the snapshot that needs.
  void truncate(Log& log) {
    if (firsts_.empty()) return;
    const std::uint64_t first = firsts_[below(random, firsts_.size())];
    if (first <= now_.first_kept) return;
    learn("taking a snapshot");
    BOOST_REQUIRE(log.put_snapshot(sample_snapshot(first - 1)));
    now_.snapshot = std::max(now_.snapshot, first - 1);
    now_.first_wanted = first;
    learn("truncating");
    BOOST_REQUIRE(log.truncate(Seq{first}));
    now_.first_kept = first;
    learn("truncated");
  }

  const std::string about_;
  Known now_;
  std::vector<std::uint64_t> firsts_;  // of each commit
  std::vector<Known> known_;
  std::map<std::string, std::vector<std::size_t>> moments_;
};

// All that was acknowledged is there, nothing that never was, and the log goes on.
void expect_whole(const std::filesystem::path& world, const Known& known, const RocksTuning& tuning,
                  const std::string& about, bool& was_repaired) {
  const QuickDisk quick(world);
  const auto log = opened(world / "log", tuning, about);
  const std::uint64_t last = log->position().durable.value;
  const std::uint64_t first = log->position().first_retained.value;
  BOOST_TEST_REQUIRE(last >= known.acknowledged, about << ": ends at " << last);
  BOOST_TEST_REQUIRE(last <= known.begun, about << ": ends at " << last);
  BOOST_TEST_REQUIRE(first >= known.first_kept, about << ": begins at " << first);
  BOOST_TEST_REQUIRE(first <= known.first_wanted, about << ": begins at " << first);
  BOOST_TEST_REQUIRE((read_all(*log, Seq{first}) == sample_events(first, last - first + 1)), about);
  bool has_snapshot = known.snapshot == 0;
  BOOST_TEST(bool(log->visit_snapshots([&](Seq seq, const core::Result<Snapshot>& one) {
    BOOST_TEST(one.has_value(), about << (one ? "" : ": " + one.error().text));
    has_snapshot = has_snapshot || seq.value == known.snapshot;
    return true;
  })));
  BOOST_TEST(has_snapshot, about << ": no snapshot of " << known.snapshot);
  BOOST_TEST(bool(log->append(sample_events(last + 1, 2))), about);
  was_repaired = log->repaired_after().value != 0;
}

// How many cuts of which kind.
class Tally {
 public:
  void count(const std::string& moment, Tearing tearing) {
    ++moments_[moment];
    ++tearings_[tearing_names[static_cast<std::size_t>(tearing)]];
    ++all_;
  }
  void count_repair() { ++repaired_; }
  std::size_t at(const std::string& moment) const {
    const auto found = moments_.find(moment);
    return found == moments_.end() ? 0 : found->second;
  }
  std::size_t all() const { return all_; }
  std::size_t repaired() const { return repaired_; }
  std::string text() const {
    std::ostringstream out;
    out << all_ << " power cuts, nothing acknowledged lost, " << repaired_
        << " torn tails left out by themselves.";
    for (const auto& [name, count] : moments_) out << " While " << name << ": " << count << '.';
    out << " Unsynced sectors";
    for (const auto& [name, count] : tearings_) out << ' ' << name << ": " << count << '.';
    return out.str();
  }

 private:
  std::size_t all_ = 0;
  std::size_t repaired_ = 0;
  std::map<std::string, std::size_t> moments_;
  std::map<std::string, std::size_t> tearings_;
};

// Opens what a cut has left, and cuts the power again in the middle of that.
Tearing cut_recovery(const std::filesystem::path& world, const std::filesystem::path& to,
                     History& history, const std::string& about) {
  DiskJournal journal(world);
  {
    const DiskObservation observation(world.string(), journal);
    opened(world / "log", history.tuning, about);
  }
  return journal.cut(below(history.random, journal.size()), history.random, to);
}

// Half of the cuts hit a commit, the rest all kinds of work in turn.
std::size_t moment_to_cut(History& history, int cut) {
  const auto& moments = history.moments();
  auto kind = moments.find("committing");
  if (cut % 2 == 0 || kind == moments.end()) {
    kind = std::next(moments.begin(),
                     static_cast<std::ptrdiff_t>(below(history.random, moments.size())));
  }
  return kind->second[below(history.random, kind->second.size())];
}

void cut_once(History& history, const std::filesystem::path& home, int cut, const std::string& name,
              Tally& tally) {
  const std::size_t moment = moment_to_cut(history, cut);
  const std::string doing = history.doing_at(moment);
  const std::string about = name + ", change " + std::to_string(moment) + " while " + doing;
  std::filesystem::path left = home / ("cut" + std::to_string(cut));
  const Tearing tearing = history.journal.cut(moment, history.random, left);
  tally.count(doing, tearing);
  if (cut % 3 == 0) {
    const std::filesystem::path again = left.string() + "-again";
    tally.count("recovering", cut_recovery(left, again, history, about));
    left = again;
  }
  bool was_repaired = false;
  expect_whole(left, history.at(moment), history.tuning, about, was_repaired);
  if (was_repaired) tally.count_repair();
}

BOOST_AUTO_TEST_SUITE(power_cut)

BOOST_AUTO_TEST_CASE(a_thousand_cuts_lose_no_acknowledged_event_and_nobody_has_to_help) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= history_count; ++seed) {
    const TemporaryDirectory home(quick_place());
    const auto world = home / "world";
    std::filesystem::create_directory(world);
    History history(seed, world);
    for (int cut = 0; cut < cuts_per_history; ++cut) {
      cut_once(history, home.path(), cut,
               "history " + std::to_string(seed) + ", cut " + std::to_string(cut), tally);
    }
  }
  BOOST_TEST_MESSAGE(tally.text());
  BOOST_TEST(tally.all() >= 1000u);
  BOOST_TEST(tally.repaired() > 0u);  // the second step of the opening procedure was needed
  for (const char* doing : {"committing", "flushing", "taking a snapshot", "truncating", "opening",
                            "closing", "recovering"}) {
    BOOST_TEST(tally.at(doing) > 0u, "no cut while " << doing);
  }
}

// Nothing but fsync of the directories above makes a new log's files be there at all.
BOOST_AUTO_TEST_CASE(the_first_commit_of_a_new_log_survives_a_cut_right_after_it) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const TemporaryDirectory home(quick_place());
    const auto world = home / "world";
    std::filesystem::create_directory(world);
    DiskJournal journal(world);
    {
      const DiskObservation observation(world.string(), journal);
      BOOST_REQUIRE(opened(world / "log", {}, "new")->append(sample_events(1, 3)));
    }
    Random random(seed);
    journal.cut(journal.size(), random, home / "cut");
    BOOST_TEST((read_all(*opened(home / "cut/log", {}, "cut")) == sample_events(1, 3)));
    BOOST_TEST(std::filesystem::exists(home / "cut/log" / low_water_name));
  }
}

// The mark of a process that was killed is exact, so that all of the log is older than the mark.
BOOST_AUTO_TEST_CASE(rot_and_missing_files_older_than_the_mark_are_always_refused) {
  std::size_t refused = 0, harmless = 0;
  for (std::uint64_t seed = 1001; seed <= 1000 + rotten_histories; ++seed) {
    const TemporaryDirectory home(quick_place());
    const auto world = home / "world", rotten = home / "rotten";
    std::filesystem::create_directory(world);
    History history(seed, world);
    const Known& known = history.at(history.journal.size());
    for (int damage = 0; damage < 10; ++damage) {
      std::filesystem::remove_all(rotten);
      std::filesystem::create_directory(rotten);
      std::filesystem::copy(home / "world.killed", rotten / "log",
                            std::filesystem::copy_options::recursive);
      const auto wal = newest_file(rotten / "log", ".log");
      const std::size_t size = file_content(wal).size();
      const bool is_removed = damage == 0;
      if (is_removed) {
        std::filesystem::remove(wal);
      } else {
        flip_bit(wal, below(history.random, size));
      }
      const QuickDisk quick(rotten);
      const auto log = open_log_with(rotten / "log", history.tuning);
      if (!log) {
        BOOST_TEST((log.error().code == core::ErrorCode::acknowledged_lost), log.error().text);
        ++refused;
        continue;
      }
      // Padding between blocks, or a new file with nothing but the header of this start in it.
      const Position left = (*log)->position();
      BOOST_TEST(left.durable.value == known.acknowledged, "seed " << seed);
      const std::uint64_t first = left.first_retained.value;
      BOOST_TEST(
          (read_all(**log, Seq{first}) == sample_events(first, known.acknowledged - first + 1)),
          "seed " << seed);
      ++harmless;
    }
  }
  BOOST_TEST_MESSAGE(refused << " damaged logs refused, " << harmless
                             << " with damage that touched no event, none opened with a loss");
  BOOST_TEST(refused > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
