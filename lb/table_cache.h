// The last routing table on disk, so that the endpoint serves before the daemon answers.
//
// One file, 0600, replaced whole by a rename; a checksum tells a torn one. A cache: not synced
// to the disk, and a file that cannot be read or written costs only the head start. Loop thread.
#pragma once

#include <filesystem>
#include <optional>

#include "core/result.h"
#include "core/routing.h"

namespace sky::lb {

class TableCache {
 public:
  explicit TableCache(std::filesystem::path path) : path_(std::move(path)) {}

  // None when there is no file; an error when it is damaged or of a newer version.
  core::Result<std::optional<core::RoutingSnapshot>> load() const;
  core::Result<void> store(const core::RoutingSnapshot& table) const;

 private:
  std::filesystem::path path_;
};

}  // namespace sky::lb
