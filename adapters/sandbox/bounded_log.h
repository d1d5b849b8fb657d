// A replica's output on disk, at most two files: when the first is full it becomes `NAME.1`, in
// place of the one before. A replica that floods its output never fills the disk.
//
// Remembers the newest lines for the report of how a program ended. One thread. A disk that is
// full loses output, never the machine.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace sky::adapters::sandbox {

inline constexpr std::size_t max_log_bytes = std::size_t{8} << 20;  // per file; a guess

class BoundedLog {
 public:
  explicit BoundedLog(std::filesystem::path path);
  ~BoundedLog();
  BoundedLog(const BoundedLog&) = delete;
  BoundedLog& operator=(const BoundedLog&) = delete;

  void append(std::string_view output);

  std::string last_lines() const;  // at most ten lines, 2 KiB, valid UTF-8

 private:
  void open_file();

  std::filesystem::path path_;
  int fd_ = -1;
  std::size_t size_ = 0;
  std::string tail_;
};

}  // namespace sky::adapters::sandbox
