// The low-water file: a promise, outside RocksDB, that the log reaches at least this far.
//
// It is what notices a write-ahead log that is missing, a backup that is too old, or bit rot that
// looks like a torn tail. Two slots in two disk blocks take turns; the newest with a right checksum
// counts. It is never ahead of the log: written after each durable commit, without fsync (which
// makes it exact after a process kill), fsynced by sync(). Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/ids.h"
#include "core/result.h"
#include "events/unique_fd.h"

namespace sky::events {

inline constexpr const char* low_water_name = "low_water";  // in the log's directory

struct LowWater {
  core::LogId log_id;
  std::uint64_t epoch = 0;
  core::Seq seq;  // newest event acknowledged; 0: none yet
  std::uint32_t chain = 0;  // of the commit that ends with it
};

// None when there is no file, or neither slot is whole. Errors: permission, io.
core::Result<std::optional<LowWater>> read_low_water(const std::filesystem::path& path);

class LowWaterFile {
 public:
  // Makes the file when there is none; durable then. Errors: permission, no_space, io.
  static core::Result<LowWaterFile> open(const std::filesystem::path& path);

  core::Result<void> write(const LowWater& mark);
  core::Result<void> sync();  // costs nothing when nothing was written since

 private:
  LowWaterFile(UniqueFd file, std::uint64_t turn) : file_(std::move(file)), turn_(turn) {}

  UniqueFd file_;
  std::uint64_t turn_;  // counts writes; its lowest bit is the slot
  bool is_dirty_ = false;
};

}  // namespace sky::events
