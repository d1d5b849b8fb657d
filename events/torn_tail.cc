#include "events/torn_tail.h"

#include <fcntl.h>

#include <cerrno>
#include <system_error>

#include "events/log_header.h"
#include "events/opening.h"
#include "events/rocks_store.h"
#include "events/system_error.h"
#include "events/unique_fd.h"

namespace sky::events {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;
using core::Result;

Result<void> done_or(const std::error_code& failed, const std::string& doing) {
  if (!failed) return {};
  return system_error(failed.value(), doing);
}

Result<void> sync_path(const fs::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return system_error(errno, "syncing " + path.string());
  return {};
}

// Table files never change and are linked; opening may trim everything else, so it is copied.
Result<void> copy_database(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::remove_all(to, failed);
  fs::create_directory(to, from, failed);  // with the mode of the original
  if (failed) return done_or(failed, "making " + to.string());
  for (fs::directory_iterator entry(from, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const fs::path& source = entry->path();
    const fs::path target = to / source.filename();
    if (source.filename() == "LOCK" || !entry->is_regular_file(failed)) continue;
    if (source.extension() == ".sst") {
      fs::create_hard_link(source, target, failed);
    } else {
      fs::copy_file(source, target, failed);
    }
  }
  return done_or(failed, "copying " + from.string());
}

Result<core::Seq> examine_copy(const fs::path& directory, const LowWater& mark,
                               const RocksTuning& tuning) {
  const auto store = RocksStore::open(directory / repair_name, tuning,
                                      rocksdb::WALRecoveryMode::kPointInTimeRecovery,
                                      RocksStore::Access::read_write);
  if (!store) return store.error();
  const auto header = read_header(**store);
  if (!header) return header.error();
  const auto checked = check_against(mark, *header, **store, directory.string());
  if (!checked) return checked.error();
  return header->position.durable;
}

Result<void> take_over(const fs::path& directory) {
  std::error_code failed;
  const fs::path database = directory / database_name;
  for (const auto& entry : fs::directory_iterator(directory / repair_name, failed)) {
    const auto synced = sync_path(entry.path());
    if (!synced) return synced;
  }
  const auto synced = sync_path(directory / repair_name);
  if (!synced) return synced;
  fs::remove_all(directory / torn_name, failed);
  if (!failed) fs::rename(database, directory / torn_name, failed);
  if (!failed) fs::rename(directory / repair_name, database, failed);
  if (failed) return done_or(failed, "replacing the torn files of " + directory.string());
  return sync_path(directory);
}

}  // namespace

Result<void> finish_interrupted_repair(const fs::path& directory) {
  std::error_code failed;
  const fs::path database = directory / database_name;
  const fs::path repair = directory / repair_name;
  if (!fs::exists(repair, failed)) return {};
  // The damaged files are moved away only after the copy was proven good: it only has to move in.
  const bool is_proven = !fs::exists(database, failed) && fs::exists(directory / torn_name, failed);
  if (is_proven) {
    fs::rename(repair, database, failed);
    if (failed) return done_or(failed, "finishing the repair of " + directory.string());
    return sync_path(directory);
  }
  fs::remove_all(repair, failed);
  return done_or(failed, "removing " + repair.string());
}

Result<core::Seq> repair_torn_tail(const fs::path& directory, const std::optional<LowWater>& mark,
                                   const RocksTuning& tuning, const Error& refusal) {
  if (!mark) {
    return Error{ErrorCode::corrupt,
                 "the log is damaged, and its file " + (directory / low_water_name).string() +
                     " is missing, so nothing tells whether acknowledged events are lost. Put a "
                     "copy of the directory in its place. (" +
                     refusal.text + ")"};
  }
  const auto copied = copy_database(directory / database_name, directory / repair_name);
  if (!copied) return copied.error();
  auto kept = examine_copy(directory, *mark, tuning);
  if (!kept) {
    std::error_code ignored;  // the copy is only rubbish now; the next opening removes it too
    fs::remove_all(directory / repair_name, ignored);
    return Error{kept.error().code, kept.error().text + " (" + refusal.text + ")"};
  }
  const auto taken = take_over(directory);
  if (!taken) return taken.error();
  return kept;
}

}  // namespace sky::events
