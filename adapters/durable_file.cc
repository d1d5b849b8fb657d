#include "adapters/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sky::adapters {
namespace {

class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

core::Result<void> replace_file(const std::filesystem::path& path, std::string_view content,
                                bool is_durable) {
  const auto failed = [&] { return system_error("cannot write " + path.string(), errno); };
  const std::string beside = path.string() + ".tmp." + std::to_string(getpid());
  {
    const OwnedFd file(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.is_open()) return failed();
    if (!write_all(file.get(), content) || (is_durable && fsync(file.get()) != 0)) {
      const core::Error error = failed();
      unlink(beside.c_str());
      return error;
    }
  }
  if (rename(beside.c_str(), path.c_str()) != 0) {
    const core::Error error = failed();
    unlink(beside.c_str());
    return error;
  }
  if (!is_durable) return {};
  const OwnedFd parent(open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.is_open() || fsync(parent.get()) != 0) return failed();
  return {};
}

}  // namespace

core::Error system_error(const std::string& what, int error_number) {
  core::ErrorCode code = core::ErrorCode::io;
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS) {
    code = core::ErrorCode::permission;
  }
  if (error_number == ENOSPC || error_number == EDQUOT) code = core::ErrorCode::no_space;
  if (error_number == ENOENT) code = core::ErrorCode::not_found;
  return {code, what + ": " + std::generic_category().message(error_number)};
}

core::Result<void> write_file_durably(const std::filesystem::path& path, std::string_view content) {
  return replace_file(path, content, true);
}

core::Result<void> write_file_atomically(const std::filesystem::path& path,
                                         std::string_view content) {
  return replace_file(path, content, false);
}

core::Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const auto failed = [&] { return system_error("cannot read " + path.string(), errno); };
  const OwnedFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failed();
  std::string content;
  char piece[16384];
  for (;;) {
    const ssize_t size = read(file.get(), piece, sizeof(piece));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed();
    if (size == 0) return content;
    content.append(piece, static_cast<std::size_t>(size));
    if (content.size() > max_bytes) {
      return core::Error{core::ErrorCode::io, path.string() + " is larger than it can be"};
    }
  }
}

core::Result<void> make_private_directory(const std::filesystem::path& path) {
  if (path.empty() || mkdir(path.c_str(), 0700) == 0) return {};
  if (errno == ENOENT && path.has_relative_path()) {
    if (auto parent = make_private_directory(path.parent_path()); !parent) return parent;
    if (mkdir(path.c_str(), 0700) == 0) return {};
  }
  const int error_number = errno;
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return system_error("cannot make the directory " + path.string(), error_number);
}

}  // namespace sky::adapters
