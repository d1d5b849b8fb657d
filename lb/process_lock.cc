#include "lb/process_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace sky::lb {

core::Result<ProcessLock> ProcessLock::take(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return core::Error{core::ErrorCode::io, path.string() + ": " + std::strerror(errno)};
  }
  ProcessLock lock(path, fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return core::Error{core::ErrorCode::locked, path.string() + " is held by another process"};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  const bool written = ::ftruncate(fd, 0) == 0 &&
                       ::pwrite(fd, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  if (!written) {
    return core::Error{core::ErrorCode::io, path.string() + ": " + std::strerror(errno)};
  }
  return lock;
}

ProcessLock::ProcessLock(ProcessLock&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

void ProcessLock::release() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool ProcessLock::is_still_there() const {
  struct stat ours {};
  struct stat named {};
  return fd_ >= 0 && ::fstat(fd_, &ours) == 0 && ::stat(path_.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

}  // namespace sky::lb
