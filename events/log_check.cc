#include "events/log_check.h"

#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "events/commit_reader.h"
#include "events/directory_lock.h"
#include "events/log_header.h"
#include "events/opening.h"
#include "events/rocks_store.h"

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using rocksdb::WALRecoveryMode;

Result<std::unique_ptr<RocksStore>> open_store(const std::filesystem::path& directory,
                                               WALRecoveryMode mode) {
  return RocksStore::open(directory / database_name, RocksTuning{}, mode,
                          RocksStore::Access::read_only);
}

// One pass over the commits, from the oldest kept to the first bad one.
class Walk {
 public:
  Walk(LogCheck& check, const CommitVisitor& visit) : check_(check), visit_(visit) {}

  Result<void> run(const RocksStore& store, std::uint64_t until) {
    const auto scanned = store.scan(
        check_.first_retained.value, until,
        [&](std::uint64_t first, std::span<const std::byte> bytes) { return take(first, bytes); });
    if (!scanned && scanned.error().code != ErrorCode::corrupt) return scanned;
    if (!scanned && !check_.damage) {
      check_.damage =
          Error{ErrorCode::corrupt, "the commit at event " + std::to_string(check_.last.value + 1) +
                                        " cannot be read: " + scanned.error().text};
    }
    return {};
  }
  bool was_stopped() const { return was_stopped_; }

 private:
  bool take(std::uint64_t first, std::span<const std::byte> bytes) {
    if (check_.commits == 0 && first > check_.first_retained.value) {
      check_.damage =
          Error{ErrorCode::corrupt,
                "the log should begin with event " + std::to_string(check_.first_retained.value) +
                    ", but its first commit is at event " + std::to_string(first)};
      return false;
    }
    const auto taken = reader_.take(first, bytes);
    if (!taken) {
      check_.damage = taken.error();
      return false;
    }
    const Commit& commit = reader_.commit();
    if (!agrees_with_mark(commit)) return false;
    ++check_.commits;
    check_.events += commit.events.size();
    check_.bytes += bytes.size();
    check_.last = commit.events.back().seq;
    check_.chain = commit.chain;
    if (!check_.oldest) check_.oldest = commit.events.front().time;
    check_.newest = commit.events.back().time;
    if (!visit_ || visit_(commit, bytes)) return true;
    was_stopped_ = true;
    return false;
  }

  bool agrees_with_mark(const Commit& commit) {
    const bool is_there = check_.mark && check_.mark->seq == commit.events.back().seq;
    if (!is_there || check_.mark->chain == commit.chain) return true;
    check_.damage = Error{ErrorCode::acknowledged_lost,
                          "the commit at event " + std::to_string(commit.events.front().seq.value) +
                              " is not the one that was acknowledged"};
    return false;
  }

  LogCheck& check_;
  const CommitVisitor& visit_;
  CommitReader reader_;
  bool was_stopped_ = false;
};

Result<void> read_names(const RocksStore& store, LogCheck& check) {
  const auto id = store.get_meta(id_key);
  if (!id) return id.error();
  check.id = id->value_or("");
  const auto numbers = read_header_numbers(store);
  if (!numbers) return numbers.error();
  check.epoch = numbers->epoch;
  check.schema = numbers->schema;
  check.first_retained = numbers->position.first_retained;
  return {};
}

void compare_with_mark(LogCheck& check) {
  if (check.damage || !check.mark) return;
  if (!check.id.empty() && check.id != check.mark->log_id) {
    check.damage = Error{ErrorCode::wrong_log, "these are the files of log " + check.id +
                                                   ", but the directory is the home of log " +
                                                   check.mark->log_id};
  } else if (check.last < check.mark->seq) {
    check.damage = Error{ErrorCode::acknowledged_lost,
                         "the log ends at event " + std::to_string(check.last.value) +
                             ", but event " + std::to_string(check.mark->seq.value) +
                             " was acknowledged: a file is missing, or this is an old copy"};
  }
}

Result<LogCheck> check(const std::filesystem::path& directory, const CommitVisitor& visit,
                       bool has_writer) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory / database_name / "CURRENT", ignored)) {
    return Error{ErrorCode::not_found, "there is no log in " + directory.string()};
  }
  LogCheck found;
  auto store = open_store(directory, WALRecoveryMode::kTolerateCorruptedTailRecords);
  std::optional<Error> refusal;
  if (!store && store.error().code == ErrorCode::corrupt) {
    refusal = store.error();
    store = open_store(directory, WALRecoveryMode::kPointInTimeRecovery);
  }
  if (!store) return store.error();
  auto mark = read_low_water(directory / low_water_name);
  if (!mark) return mark.error();
  found.mark = std::move(*mark);
  if (const auto read = read_names(**store, found); !read) return read.error();
  // A writer that is at work acknowledges up to the mark; what is stored after it is not history.
  const bool is_bounded = has_writer && found.mark;
  const std::uint64_t until =
      is_bounded ? found.mark->seq.value : std::numeric_limits<std::uint64_t>::max() - 1;
  Walk walk(found, visit);
  if (const auto walked = walk.run(**store, until); !walked) return walked.error();
  if (walk.was_stopped()) return found;
  if (refusal && !found.damage) {
    found.damage =
        Error{ErrorCode::corrupt, "what follows event " + std::to_string(found.last.value) +
                                      " cannot be read: " + refusal->text};
  }
  if (!has_writer) compare_with_mark(found);
  return found;
}

}  // namespace

Result<LogCheck> check_log(const std::filesystem::path& directory, const CommitVisitor& visit) {
  return check(directory, visit, is_directory_locked(directory));
}

Result<LogCheck> check_locked_log(const std::filesystem::path& directory,
                                  const CommitVisitor& visit) {
  return check(directory, visit, false);
}

}  // namespace sky::events
