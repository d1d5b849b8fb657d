// The log on RocksDB: one key per commit, the low-water file beside it. Private to events; made by
// the opening procedure (opening.cc), which has proven what `position` says.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "events/log.h"
#include "events/low_water.h"
#include "events/rocks_store.h"
#include "events/unique_fd.h"

namespace sky::events {

struct OpenedLog {
  std::optional<UniqueFd> lock;  // none: read-only
  std::optional<LowWaterFile> low_water_file;  // none: read-only
  std::unique_ptr<RocksStore> store;
  core::LogId id;
  std::uint64_t epoch = 0;
  core::Seq repaired_after;
  Position position;
};

class RocksLog final : public Log {
 public:
  explicit RocksLog(OpenedLog opened);
  ~RocksLog() override;

  const core::LogId& id() const override { return opened_.id; }
  std::uint64_t epoch() const override { return opened_.epoch; }
  core::Seq repaired_after() const override { return opened_.repaired_after; }
  Position position() const override;
  core::Result<std::string> append(std::span<const core::Event> events) override;
  core::Result<void> settle() override;
  core::Result<void> read(core::Seq from, const CommitVisitor& visit) const override;
  core::Result<void> put_snapshot(const Snapshot& snapshot) override;
  core::Result<void> visit_snapshots(const SnapshotVisitor& visit) const override;
  core::Result<void> truncate(core::Seq first) override;
  core::Result<std::uint64_t> stored_bytes(core::Seq from) const override;
  core::Result<void> backup(const std::filesystem::path& to) const override;

 private:
  core::Error fail(core::Error error);
  core::Result<void> copy_to(const std::filesystem::path& to, const Position& position) const;

  OpenedLog opened_;
  mutable std::mutex mutex_;  // guards opened_.position
  std::optional<core::Error> failed_;  // after one failure nothing is appended any more
};

}  // namespace sky::events
