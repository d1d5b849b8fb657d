#include "events/log_restore.h"

#include <system_error>

#include "events/database_swap.h"
#include "events/directory_lock.h"
#include "events/opening.h"
#include "events/system_error.h"

namespace sky::events {

using core::Error;
using core::ErrorCode;
using core::Result;

Result<LogCheck> restore_log(const std::filesystem::path& backup,
                             const std::filesystem::path& directory) {
  auto found = check_log(backup);
  if (!found) return found;
  if (found->damage) {
    return Error{ErrorCode::corrupt,
                 "the backup in " + backup.string() +
                     " is damaged, nothing was changed: " + found->damage->text};
  }
  std::error_code failed;
  std::filesystem::create_directories(directory.parent_path(), failed);
  if (!std::filesystem::exists(directory, failed)) {
    std::filesystem::create_directory(directory, backup, failed);  // with its mode: 0700
  }
  if (failed) return system_error(failed.value(), "making " + directory.string());
  const auto lock = lock_directory(directory);
  if (!lock) return lock.error();
  const auto finished = finish_interrupted_repair(directory);
  if (!finished) return finished.error();
  const auto mark = read_low_water(directory / low_water_name);
  if (!mark) return mark.error();
  if (*mark && (*mark)->log_id != found->id) {
    return Error{ErrorCode::wrong_log, "the backup is of log " + found->id + ", but " +
                                           directory.string() + " is the home of log " +
                                           (*mark)->log_id + "; restore it into another home"};
  }
  const auto copied =
      copy_database(backup / database_name, directory / repair_name, TableFiles::copied);
  if (!copied) return copied.error();
  const auto taken = take_over(directory);
  if (!taken) return taken.error();
  if (!*mark) {
    auto file = LowWaterFile::open(directory / low_water_name);
    if (!file) return file.error();
    const auto written = file->write({found->id, found->epoch, found->last, found->chain});
    if (!written) return written.error();
    const auto synced = file->sync();
    if (!synced) return synced.error();
  }
  return found;
}

}  // namespace sky::events
