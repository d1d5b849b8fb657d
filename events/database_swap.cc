#include "events/database_swap.h"

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "events/opening.h"
#include "events/system_error.h"
#include "events/unique_fd.h"

namespace sky::events {
namespace {

namespace fs = std::filesystem;
using core::Result;

Result<void> done_or(const std::error_code& failed, const std::string& doing) {
  if (!failed) return {};
  return system_error(failed.value(), doing);
}

}  // namespace

Result<void> sync_path(const fs::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return system_error(errno, "syncing " + path.string());
  return {};
}

Result<void> sync_names(const fs::path& directory) {
  const auto synced = sync_path(directory);
  if (!synced) return synced;
  return sync_path(directory / "..");
}

Result<void> copy_database(const fs::path& from, const fs::path& to, TableFiles tables) {
  std::error_code failed;
  fs::remove_all(to, failed);
  fs::create_directory(to, from, failed);  // with the mode of the original
  if (failed) return done_or(failed, "making " + to.string());
  for (fs::directory_iterator entry(from, failed), end; !failed && entry != end;) {
    const fs::path& source = entry->path();
    const fs::path target = to / source.filename();
    const bool is_wanted = source.filename() != "LOCK" && entry->is_regular_file(failed);
    if (is_wanted && source.extension() == ".sst" && tables == TableFiles::linked) {
      fs::create_hard_link(source, target, failed);
    } else if (is_wanted) {
      fs::copy_file(source, target, failed);
    }
    if (!failed) entry.increment(failed);  // would forget the failure
  }
  return done_or(failed, "copying " + from.string());
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
  if (!failed && fs::exists(database, failed)) fs::rename(database, directory / torn_name, failed);
  if (!failed) fs::rename(directory / repair_name, database, failed);
  if (failed) return done_or(failed, "replacing the torn files of " + directory.string());
  return sync_path(directory);
}

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

}  // namespace sky::events
