// A file that one process holds: its lock says that it lives, its content who it is.
#pragma once

#include <filesystem>
#include <optional>

#include "core/result.h"

namespace sky::lb {

class ProcessLock {
 public:
  // Writes our pid. Error `locked`: somebody holds it; `io`: the file cannot be had.
  static core::Result<ProcessLock> take(const std::filesystem::path& path);

  ProcessLock(ProcessLock&& other) noexcept;
  ProcessLock& operator=(ProcessLock&&) = delete;
  ~ProcessLock() { release(); }

  void release();
  bool is_still_there() const;  // false: the file was removed, so nobody can find us

 private:
  ProcessLock(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace sky::lb
