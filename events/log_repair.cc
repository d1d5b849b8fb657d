#include "events/log_repair.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "events/database_swap.h"
#include "events/directory_lock.h"
#include "events/opening.h"
#include "events/rocks_store.h"

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using rocksdb::WALRecoveryMode;

// Commits copied with one fsync.
constexpr std::size_t copied_at_once_bytes = std::size_t{4} << 20;

std::string number(core::Seq seq) { return std::to_string(seq.value); }

Result<void> is_acceptable(const LogCheck& check, core::Seq accepted) {
  if (!check.damage) {
    return Error{ErrorCode::conflict,
                 "nothing is wrong with this log; it ends at event " + number(check.last)};
  }
  if (check.last < accepted) {
    return Error{ErrorCode::conflict, "only events up to " + number(check.last) +
                                          " can be saved (" + check.damage->text +
                                          "); to go on from there, say --accept-loss-after " +
                                          number(check.last)};
  }
  return {};
}

// A truncated log cannot do without them. One that is damaged goes along and is refused later.
Result<void> copy_snapshots(const std::filesystem::path& directory, core::Seq last,
                            RocksStore& to) {
  const auto from =
      RocksStore::open(directory / database_name, RocksTuning{},
                       WALRecoveryMode::kPointInTimeRecovery, RocksStore::Access::read_only);
  if (!from) return from.error();
  Result<void> outcome;
  const auto scanned = (*from)->scan_snapshots([&](std::uint64_t seq,
                                                   std::span<const std::byte> bytes) {
    if (seq > last.value) return true;
    outcome = to.put_snapshot(seq, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, {});
    return outcome.has_value();
  });
  return outcome ? scanned : outcome;
}

// Everything before the first bad commit, in a new database.
Result<void> write_kept(const std::filesystem::path& directory, const LogCheck& check,
                        const core::LogId& id, std::uint64_t epoch) {
  std::error_code ignored;
  std::filesystem::remove_all(directory / repair_name, ignored);
  const auto made = RocksStore::open(directory / repair_name, RocksTuning{},
                                     WALRecoveryMode::kTolerateCorruptedTailRecords,
                                     RocksStore::Access::read_write);
  if (!made) return made.error();
  RocksStore& to = **made;
  std::vector<std::pair<std::uint64_t, std::string>> waiting;
  std::size_t size = 0;
  Result<void> outcome;
  const auto write_waiting = [&] {
    outcome = to.append_all(waiting);
    waiting.clear();
    size = 0;
    return outcome.has_value();
  };
  const auto copied = check_locked_log(directory, [&](const Commit& commit,
                                                      std::span<const std::byte> bytes) {
    waiting.emplace_back(commit.events.front().seq.value,
                         std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    size += bytes.size();
    return size < copied_at_once_bytes || write_waiting();
  });
  if (!outcome) return outcome;
  if (!copied) return copied.error();
  if (!write_waiting()) return outcome;
  const auto with_snapshots = copy_snapshots(directory, check.last, to);
  if (!with_snapshots) return with_snapshots;
  return to.put_meta({{id_key, id},
                      {schema_key, std::to_string(check.schema)},
                      {epoch_key, std::to_string(epoch)},
                      {writer_key, SKY_VERSION},
                      {first_retained_key, std::to_string(check.first_retained.value)}});
}

Result<void> reset_mark(const std::filesystem::path& directory, const LowWater& mark) {
  auto file = LowWaterFile::open(directory / low_water_name);
  if (!file) return file.error();
  const auto written = file->write(mark);
  if (!written) return written;
  return file->sync();
}

Result<LogCheck> replace_damaged(const std::filesystem::path& directory, core::Seq accepted) {
  const auto lock = lock_directory(directory);
  if (!lock) return lock.error();
  const auto finished = finish_interrupted_repair(directory);
  if (!finished) return finished.error();
  auto check = check_locked_log(directory);
  if (!check) return check;
  const auto acceptable = is_acceptable(*check, accepted);
  if (!acceptable) return acceptable.error();
  const core::LogId id = check->mark ? check->mark->log_id : check->id;
  const std::uint64_t epoch = std::max(check->epoch, check->mark ? check->mark->epoch : 0) + 1;
  if (id.empty()) {
    return Error{ErrorCode::corrupt,
                 "the log has lost its name together with its low-water file; restore a backup"};
  }
  const auto written = write_kept(directory, *check, id, epoch);
  if (!written) return written.error();
  const auto taken = take_over(directory);
  if (!taken) return taken.error();
  const auto marked = reset_mark(directory, {id, epoch, check->last, check->chain});
  if (!marked) return marked.error();
  return check;
}

}  // namespace

Result<LogRepair> repair_log(const std::filesystem::path& directory, core::Seq accept_loss_after,
                             core::WallTime now) {
  const auto check = replace_damaged(directory, accept_loss_after);
  if (!check) return check.error();
  LogRepair repair{check->last, check->mark ? check->mark->seq : check->last, *check->damage};
  const auto log = open_log(directory);
  if (!log) return log.error();
  core::Event event;
  event.seq = check->last.next();
  event.time = {check->newest ? check->newest->at : core::Instant{}, now};
  event.actor = core::Actor::user;
  event.body = core::LogRepaired{repair.kept, std::max(repair.acknowledged, repair.kept)};
  const auto recorded = (*log)->append(std::span(&event, 1));
  if (!recorded) return recorded.error();
  return repair;
}

}  // namespace sky::events
