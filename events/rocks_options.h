// The RocksDB settings of the log, each with its reason (measurements: events/README.md).
//
// Private to events. The tests exchange the environment to cut the power and to fill the disk.
#pragma once

#include <rocksdb/options.h>

#include <cstddef>

namespace sky::events {

struct RocksTuning {
  rocksdb::Env* env = nullptr;  // borrowed for the life of the log; none: the real one
  // Bounds what is replayed after a crash: 4 / 32 / 60 MB of WAL took 50 / 254 / 770 ms.
  std::size_t write_buffer_bytes = std::size_t{16} << 20;
};

rocksdb::Options rocks_options(const RocksTuning& tuning, rocksdb::WALRecoveryMode mode);

// Durable before it returns; each key-value guarded from here to the write-ahead log.
rocksdb::WriteOptions synced_write();
inline constexpr std::size_t protection_bytes = 8;

}  // namespace sky::events
