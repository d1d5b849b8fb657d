#include "events/directory_lock.h"

#include <fcntl.h>

#include <cerrno>
#include <string>

#include "events/system_error.h"

namespace sky::events {
namespace {

// The lock belongs to the open file, not to the process: it guards within one process too, and
// asking for it does not take it.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string owner_of(int file) {
  char text[24] = {};  // a pid has at most 10 digits
  const auto size = ::pread(file, text, sizeof text - 1, 0);
  const std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  return pid.empty() ? "another process" : "another process (pid " + pid + ")";
}

}  // namespace

core::Result<UniqueFd> lock_directory(const std::filesystem::path& directory) {
  const auto path = directory / "lock";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, "opening " + path.string());
  struct flock lock = whole_file();
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) return system_error(errno, "locking " + path.string());
    return core::Error{core::ErrorCode::locked, owner_of(file.get()) + " has the log in " +
                                                    directory.string() +
                                                    " open; stop it first, or use another home"};
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), pid.data(), pid.size(), 0) < 0) {
    return system_error(errno, "writing " + path.string());
  }
  return file;
}

bool is_directory_locked(const std::filesystem::path& directory) {
  const UniqueFd file(::open((directory / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  struct flock lock = whole_file();
  return file && ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace sky::events
