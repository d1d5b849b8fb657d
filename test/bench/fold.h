// The least a fold does with each event, from values and from Cap'n Proto readers alike; and the
// limit that replaying is held against: a flat file of framed events.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "events/log.h"

namespace sky::bench {

struct Fold {
  std::uint64_t events = 0;
  std::uint64_t probes = 0;
  std::uint64_t arrivals = 0;
  std::uint64_t replicas = 0;
  std::int64_t latency_us = 0;
  bool operator==(const Fold&) const = default;
};

// Checked and decoded to core values, as every reader of the log gets them.
Fold fold_log(const events::Log& log);

// Size and message of each event, one after the other. No checksum, no order, nothing to find.
class FlatFile {
 public:
  explicit FlatFile(const std::filesystem::path& path);
  ~FlatFile();
  FlatFile(const FlatFile&) = delete;
  FlatFile& operator=(const FlatFile&) = delete;

  void append(const core::Event& event);
  void close();

 private:
  std::FILE* file_;
};

// Cap'n Proto readers only, chunks of 2 MiB as the log reads them.
Fold fold_flat(const std::filesystem::path& path);

// Writes the file's or directory's dirty pages and takes all of its pages out of the page cache.
void forget_pages(const std::filesystem::path& path);

// Of all files below whose name ends so.
std::uint64_t bytes_below(const std::filesystem::path& path, std::string_view ending = "");

}  // namespace sky::bench
