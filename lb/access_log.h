// One line per request: when, where, how long, why. No header, no query, nothing secret.
//
//   2026-01-02T03:04:05.678Z llama3 2 POST /v1/chat 200 bytes=385 queue_us=3 connect_us=0
//       ttfb_us=812 total_us=930 attempts=1 cause=ok pick=least_load id=4f1c... trace=0af7...
//                                                                           (all on one line)
//
// Each loop gathers its lines and writes them in blocks: by size, and by flush(), which the owner
// calls every second. So lines of different loops are whole, and in order within a block.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/time.h"
#include "lb/byte_buffer.h"
#include "lb/meter.h"
#include "lb/pick.h"

namespace sky::lb {

struct AccessLine {
  core::WallTime when;
  std::string_view service;
  core::ReplicaId replica{};
  std::string_view method;
  std::string_view target;  // the query is cut off here
  int status = 0;
  std::uint64_t bytes_out = 0;
  core::Duration queue{0};  // until its last replica was chosen
  core::Duration connect{0};  // until that one's connection stood
  core::Duration first_byte{0};
  core::Duration total{0};
  std::uint32_t attempts = 0;
  Cause cause = Cause::ok;
  PickReason pick = PickReason::none;
  std::string_view request_id;
  std::string_view trace_id;
};

// The file: bounded; when full it becomes "<name>.1" and a new one starts. A disk that does not
// take a block costs log lines, never a request. Any thread.
class LogFile {
 public:
  // An empty path: nothing is written.
  explicit LogFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  bool is_wanted() const { return !path_.empty(); }
  void write(std::string_view block);
  std::uint64_t lost_bytes() const { return lost_bytes_; }

 private:
  static constexpr std::uint64_t max_file_bytes = std::uint64_t{32} << 20;  // guess; two are kept

  bool open();
  void rotate();

  const std::filesystem::path path_;
  std::mutex mutex_;  // of the file
  int fd_ = -1;
  std::uint64_t file_bytes_ = 0;
  std::atomic<std::uint64_t> lost_bytes_{0};
};

// The lines of one loop, on their way there. Loop thread.
class AccessLog {
 public:
  explicit AccessLog(LogFile& file) : file_(file) {}
  ~AccessLog() { flush(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void add(const AccessLine& line);
  void flush();

 private:
  static constexpr std::size_t block_bytes = 64 * 1024;

  void append_time(core::WallTime when);

  LogFile& file_;
  ByteBuffer pending_;
  std::int64_t second_ = -1;  // the one that is written down
  std::string second_text_;  // 2026-01-02T03:04:05.
};

}  // namespace sky::lb
