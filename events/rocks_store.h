// RocksDB with our column families, behind our errors. Private to events.
//
// Owns the database and its handles and destroys them in order; every iterator lives inside one
// call. Knows keys and bytes, not commits. Thread: put and append from one, the rest from any.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "events/rocks_options.h"

namespace sky::events {

class RocksStore {
 public:
  enum class Access { read_write, read_only };

  // Errors: locked, permission, no_space, corrupt (also what this recovery mode refuses), too_new,
  // io; not_found when read-only and there is none.
  static core::Result<std::unique_ptr<RocksStore>> open(const std::filesystem::path& directory,
                                                        const RocksTuning& tuning,
                                                        rocksdb::WALRecoveryMode mode,
                                                        Access access);
  ~RocksStore();
  RocksStore(const RocksStore&) = delete;
  RocksStore& operator=(const RocksStore&) = delete;

  // Moves everything from the write-ahead log into tables, so that opening has nothing to recover.
  core::Result<void> flush();

  core::Result<std::optional<std::string>> get_meta(const std::string& key) const;
  // All or nothing, durable. `without`: sequences of snapshots that go in the same write.
  core::Result<void> put_meta(const std::vector<std::pair<std::string, std::string>>& pairs,
                              const std::vector<std::uint64_t>& without = {});

  // One commit under the sequence of its first event; durable.
  core::Result<void> append(std::uint64_t first_seq, const std::string& bytes);

  // Several commits, together: all or none, durable.
  core::Result<void> append_all(const std::vector<std::pair<std::uint64_t, std::string>>& commits);

  // Calls `visit(first seq, bytes)` from the commit that begins at or before `from`, up to those
  // that begin at or before `until`, in order, while it returns true.
  using Visit = std::function<bool(std::uint64_t first_seq, std::span<const std::byte> bytes)>;
  core::Result<void> scan(std::uint64_t from, std::uint64_t until, const Visit& visit) const;

  // A copy of all that is stored, made of hard links where the file system allows: milliseconds.
  core::Result<void> checkpoint(const std::filesystem::path& to) const;

  // A snapshot, as bytes under the sequence it is of; those of `without` go in the same write.
  // Durable.
  core::Result<void> put_snapshot(std::uint64_t seq, const std::string& bytes,
                                  const std::vector<std::uint64_t>& without);
  // Newest first.
  core::Result<void> scan_snapshots(const Visit& visit) const;

  // The first sequence of the commit that holds `seq`; `seq` itself when there is none before it.
  core::Result<std::uint64_t> commit_holding(std::uint64_t seq) const;
  // Deletes all commits that begin before `first`. Whole files go at once, the rest in time.
  core::Result<void> delete_before(std::uint64_t first);

  // About how much space the commits take that begin at `from` or later, written out or not.
  core::Result<std::uint64_t> approximate_bytes(std::uint64_t from) const;

  // The newest commit's first sequence; none in an empty log.
  core::Result<std::optional<std::uint64_t>> last_first_seq() const;

 private:
  RocksStore() = default;

  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // default, log, snap
};

}  // namespace sky::events
