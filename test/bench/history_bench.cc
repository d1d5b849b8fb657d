#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>

#include "cli/model_snapshot.h"
#include "core/check.h"
#include "events/log.h"
#include "events/opening.h"
#include "test/bench/child.h"
#include "test/bench/fleet.h"
#include "test/bench/fold.h"
#include "test/bench/measure.h"
#include "test/bench/parts.h"
#include "test/bench/sample_mix.h"
#include "test/crash/faulty_file_system.h"

namespace sky::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t group = 8;
constexpr const char* table_ending = ".sst";
// The daemon takes a snapshot every 100 000 events: the longest tail, and the few of the end.
constexpr std::uint64_t tail_events = 99'000;
constexpr int warm_rounds = 7;
constexpr int cold_rounds = 5;
constexpr int opening_rounds = 9;
constexpr double full_buffer = 15;  // megabytes; at 16 MiB the log moves them to a table
constexpr double killed_megabytes[] = {1, 2, 4, 8, 12, 14, 15};
constexpr double opening_base_ms = 20;
constexpr double opening_ms_per_megabyte = 13;

// Writes what a fleet lives through, in full groups, to a log and to a flat file. Without syncs:
// only reading is measured.
class HistoryWriter {
 public:
  explicit HistoryWriter(const fs::path& directory)
      : directory_(directory), flat_(directory / "flat") {
    open();
    fleet_.emplace((**log_)->id());
  }

  void write_until(std::uint64_t count) {
    while (this->count() < count || !waiting_.empty()) {
      for (core::Event& event : fleet_->next()) waiting_.push_back(std::move(event));
      write_waiting(waiting_.size() / group * group);
    }
  }

  void write_last() {
    waiting_ = fleet_->last();
    write_waiting(waiting_.size());
  }

  void take_snapshot_and_reopen() {
    SKY_CHECK((**log_)->put_snapshot(cli::take_snapshot(fleet_->model())),
              "the disk takes a snapshot");
    (**log_).reset();
    open();
  }

  // Of the bytes of all tables ever written, those that are there no more.
  std::uint64_t compacted_bytes() const {
    const std::uint64_t written = no_sync_.files->synced_bytes(table_ending);
    return written - std::min(written, bytes_below(directory_ / "log", table_ending));
  }
  std::uint64_t count() const { return (**log_)->position().durable.value; }
  void close_flat() { flat_.close(); }

 private:
  void open() {
    log_ = events::open_log_with(directory_ / "log", {no_sync_.env.get()});
    SKY_CHECK(*log_, "the benchmark's directory can hold a log");
  }

  void write_waiting(std::size_t count) {
    for (std::size_t at = 0; at < count; at += group) {
      const auto commit = std::span(waiting_).subspan(at, std::min(group, count - at));
      SKY_CHECK((**log_)->append(commit), "the disk takes the benchmark's events");
      for (const core::Event& event : commit) flat_.append(event);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  const fs::path directory_;
  const events::FaultyDisk no_sync_;
  std::optional<core::Result<std::unique_ptr<events::Log>>> log_;
  FlatFile flat_;
  std::optional<Fleet> fleet_;
  std::vector<core::Event> waiting_;  // for a full group
};

struct Speeds {
  std::vector<double> flat, log, ratio;  // events a second, and log of flat
};

Speeds compare_reading(const fs::path& directory, const events::Log& log, int rounds,
                       const std::function<void()>& before_each) {
  Speeds speeds;
  for (int round = 0; round < rounds; ++round) {
    Fold by_flat, by_log;
    double flat = 0, logged = 0;
    const auto read_flat = [&] {
      before_each();
      flat = seconds_of([&] { by_flat = fold_flat(directory / "flat"); });
    };
    const auto read_log = [&] {
      before_each();
      logged = seconds_of([&] { by_log = fold_log(log); });
    };
    interleaved(round, read_flat, read_log);
    SKY_CHECK(by_flat == by_log, "both hold the same events");
    const auto events = static_cast<double>(by_log.events);
    speeds.flat.push_back(events / flat);
    speeds.log.push_back(events / logged);
    speeds.ratio.push_back(flat / logged);
  }
  return speeds;
}

void measure_replay(const fs::path& directory) {
  const auto log = events::open_log_read_only(directory / "log");
  SKY_CHECK(log, "a log that was just written opens");
  fold_flat(directory / "flat");
  fold_log(**log);  // both are in the page cache now
  const Speeds warm = compare_reading(directory, **log, warm_rounds, [] {});
  tell("flat file, warm", "events/s", warm.flat);
  tell("replay in groups of 8, warm", "events/s", warm.log);
  tell("replay in groups of 8, warm, of flat file", "ratio", warm.ratio, at_least(0.45));
  const Speeds cold = compare_reading(directory, **log, cold_rounds, [&] {
    forget_pages(directory / "flat");
    forget_pages(directory / "log");
  });
  tell("flat file, cold", "events/s", cold.flat);
  tell("replay in groups of 8, cold", "events/s", cold.log, at_least(1.8e6));
  tell("replay in groups of 8, cold, of flat file", "ratio", cold.ratio, at_least(0.5));
}

double open_milliseconds(const fs::path& directory) {
  auto log = core::Result<std::unique_ptr<events::Log>>(nullptr);
  const double seconds = seconds_of([&] { log = events::open_log(directory); });
  SKY_CHECK(log, "a log that was just written opens");
  return 1000 * seconds;
}

double write_ahead_megabytes(const fs::path& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(directory / events::database_name))
    if (entry.path().extension() == ".log") bytes += entry.file_size();
  return static_cast<double>(bytes) / 1e6;
}

// On a copy, because its last events are no history.
void measure_opening(const fs::path& directory) {
  const fs::path copy = directory / "copy";
  {
    const auto log = events::open_log(directory / "log");
    SKY_CHECK(log && (*log)->backup(copy), "a log can be copied beside itself");
  }
  std::vector<double> closed;
  for (int round = 0; round < opening_rounds; ++round) {
    Child("writer", {copy.string(), fmt::format("{}", full_buffer), "closes"}).wait();
    closed.push_back(open_milliseconds(copy));
  }
  tell("open, closed in order by a busy writer", "ms", closed, at_most(50));
  std::vector<double> of_allowed;
  for (const double megabytes : killed_megabytes) {
    Child("writer", {copy.string(), fmt::format("{}", megabytes), "is-killed"}).wait();
    const double wal = write_ahead_megabytes(copy);
    const double took = open_milliseconds(copy);
    tell(fmt::format("open after a kill, {:.1f} MB to recover", wal), "ms", {took});
    of_allowed.push_back(took / (opening_base_ms + opening_ms_per_megabyte * wal));
  }
  tell("open after a kill, of 20 ms + 13 ms/MB", "ratio", of_allowed, at_most(1));
  fs::remove_all(copy);
}

}  // namespace

// DIRECTORY MEGABYTES closes|is-killed: appends until there is that much to recover, and ends.
int run_writer(const std::vector<std::string>& arguments) {
  const fs::path directory = arguments.at(0);
  const double wanted = std::stod(arguments.at(1));
  const events::FaultyDisk no_sync;  // a killed process loses nothing that it wrote
  const auto log = events::open_log_with(directory, {no_sync.env.get()});
  SKY_CHECK(log, "the copy opens");
  while (write_ahead_megabytes(directory) < wanted)
    for (int i = 0; i < 10; ++i)
      SKY_CHECK((*log)->append(mixed_events((*log)->position().durable.value + 1, group)),
                "the disk takes the benchmark's events");
  if (arguments.at(2) == "is-killed") std::_Exit(0);
  return 0;
}

// Ends without closing: what a killed daemon leaves that took its last snapshot 100 000 events ago
// and has had them in its write buffer since. Nothing runs at the end, so that a daemon started on
// it has no machines to miss and to launch anew.
void make_history(const fs::path& directory, std::uint64_t events) {
  HistoryWriter writer(directory);
  const double seconds = seconds_of([&] {
    writer.write_until(events - tail_events);
    writer.take_snapshot_and_reopen();
    writer.write_until(events);
    writer.write_last();
    writer.close_flat();
  });
  tell("history made by step, encoded and written", "events/s",
       {static_cast<double>(writer.count()) / seconds});
  tell("bytes written again by compaction", "bytes",
       {static_cast<double>(writer.compacted_bytes())}, at_most(0));
  std::_Exit(0);
}

void measure_history(const fs::path& directory) {
  const fs::path path = directory / "log";
  std::uint64_t raw = 0, count = 0;
  {
    const auto log = events::open_log(path);
    SKY_CHECK(log, "the log opens after its writer was killed");
    count = (*log)->position().durable.value;
    const auto read = (*log)->read(core::Seq{1}, [&](auto&, std::span<const std::byte> bytes) {
      raw += bytes.size();
      return true;
    });
    SKY_CHECK(read, "a log that was just written can be read");
  }
  const auto stored = static_cast<double>(bytes_below(path));
  tell("an event in the log, raw", "bytes",
       {static_cast<double>(raw) / static_cast<double>(count)});
  tell("an event in the log, on disk", "bytes", {stored / static_cast<double>(count)});
  tell("disk, of raw", "ratio", {stored / static_cast<double>(raw)}, at_most(0.45));
  measure_opening(directory);
  measure_replay(directory);
}

}  // namespace sky::bench
