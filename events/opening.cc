#include "events/opening.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "events/database_swap.h"
#include "events/directory_lock.h"
#include "events/log_header.h"
#include "events/random_id.h"
#include "events/rocks_log.h"
#include "events/system_error.h"
#include "events/torn_tail.h"

namespace sky::events {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;
using core::Result;

// How often a read-only opening is tried when a writer moves files away under it.
constexpr int read_only_attempts = 5;

// Must not fail in the middle, so it is asked before any file is made.
Result<void> make_directory(const fs::path& directory) {
  std::error_code failed;
  fs::create_directories(directory.parent_path(), failed);  // mkdir below reports what matters
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error(errno, "making the log's directory " + directory.string());
  }
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return system_error(errno, "the log's directory " + directory.string() + " is not writable");
  }
  return {};
}

Error too_new(const fs::path& directory) {
  return {ErrorCode::too_new, "the log in " + directory.string() +
                                  " was written by a newer skyctl; start that version, or give "
                                  "this one another home"};
}

// Steps 1 and 2: strict; then, if that refuses, the longest whole beginning with proof.
Result<std::unique_ptr<RocksStore>> open_store(const fs::path& directory,
                                               const std::optional<LowWater>& mark,
                                               const RocksTuning& tuning, core::Seq& kept) {
  const auto open_strictly = [&] {
    return RocksStore::open(directory / database_name, tuning,
                            rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                            RocksStore::Access::read_write);
  };
  auto store = open_strictly();
  if (store || store.error().code != ErrorCode::corrupt) return store;
  const auto repaired = repair_torn_tail(directory, mark, tuning, store.error());
  if (!repaired) return repaired.error();
  kept = *repaired;
  return open_strictly();
}

// Step 5: from here on every older writer is fenced, and older programs refuse the log.
Result<void> raise_epoch(OpenedLog& opened) {
  const auto put = opened.store->put_meta({{id_key, opened.id},
                                           {schema_key, std::to_string(schema_version)},
                                           {epoch_key, std::to_string(opened.epoch)},
                                           {writer_key, SKY_VERSION}});
  if (!put) return put;
  const auto marked = opened.low_water_file->write(
      {opened.id, opened.epoch, opened.position.durable, opened.position.chain});
  if (!marked) return marked;
  return opened.low_water_file->sync();
}

Result<LogHeader> read_checked_header(const RocksStore& store, const std::optional<LowWater>& mark,
                                      const fs::path& directory) {
  auto header = read_header(store);
  if (!header) return header;
  const auto checked = check_against(mark, *header, store, directory.string());
  if (!checked) return checked.error();
  if (!header->id && header->position.durable) {
    return Error{ErrorCode::corrupt, "the log in " + directory.string() + " has lost its header"};
  }
  return header;
}

Result<OpenedLog> open_read_only_once(const fs::path& directory) {
  const fs::path database = directory / database_name;
  const auto mark = read_low_water(directory / low_water_name);
  if (!mark) return mark.error();
  auto store = RocksStore::open(database, RocksTuning{},
                                rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords,
                                RocksStore::Access::read_only);
  if (!store) return store.error();
  const auto header = read_checked_header(**store, *mark, directory);
  if (!header) return header.error();
  OpenedLog opened;
  opened.id = header->id.value_or("");
  opened.epoch = header->epoch;
  opened.position = header->position;
  opened.store = std::move(*store);
  if (!is_directory_locked(directory)) return opened;
  // A writer is at work: what it has not acknowledged yet is not history yet.
  const auto now = read_low_water(directory / low_water_name);
  if (now && *now && (*now)->seq < opened.position.durable) {
    opened.position.durable = (*now)->seq;
    opened.position.chain = (*now)->chain;
  }
  return opened;
}

}  // namespace

Result<std::unique_ptr<Log>> open_log_with(const fs::path& directory, const RocksTuning& tuning) {
  const auto made = make_directory(directory);
  if (!made) return made.error();
  OpenedLog opened;
  auto lock = lock_directory(directory);
  if (!lock) return lock.error();
  opened.lock = std::move(*lock);
  const auto finished = finish_interrupted_repair(directory);
  if (!finished) return finished.error();
  const auto mark = read_low_water(directory / low_water_name);
  if (!mark) return mark.error();
  core::Seq kept;
  auto store = open_store(directory, *mark, tuning, kept);
  if (!store) return store.error();
  opened.store = std::move(*store);
  const auto header = read_checked_header(*opened.store, *mark, directory);
  if (!header) return header.error();
  if (header->schema > schema_version) return too_new(directory);
  auto id = header->id ? Result<core::LogId>(*header->id)
                       : (*mark ? Result<core::LogId>((*mark)->log_id) : draw_id());
  if (!id) return id.error();
  opened.id = std::move(*id);
  opened.epoch = std::max(header->epoch, *mark ? (*mark)->epoch : 0) + 1;
  opened.repaired_after = kept;
  opened.position = header->position;
  auto low_water_file = LowWaterFile::open(directory / low_water_name);
  if (!low_water_file) return low_water_file.error();
  opened.low_water_file = std::move(*low_water_file);
  const auto named = sync_names(directory);
  if (!named) return named.error();
  const auto raised = raise_epoch(opened);
  if (!raised) return raised.error();
  return std::unique_ptr<Log>(std::make_unique<RocksLog>(std::move(opened)));
}

Result<std::unique_ptr<Log>> open_log(const fs::path& directory) {
  return open_log_with(directory, RocksTuning{});
}

Result<std::unique_ptr<Log>> open_log_read_only(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::exists(directory / database_name / "CURRENT", ignored)) {
    return Error{ErrorCode::not_found, "there is no log in " + directory.string()};
  }
  auto opened = open_read_only_once(directory);
  for (int attempt = 1; attempt < read_only_attempts && !opened; ++attempt) {
    if (!is_directory_locked(directory)) break;
    opened = open_read_only_once(directory);
  }
  if (!opened) return opened.error();
  return std::unique_ptr<Log>(std::make_unique<RocksLog>(std::move(*opened)));
}

}  // namespace sky::events
