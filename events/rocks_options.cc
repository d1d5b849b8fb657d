#include "events/rocks_options.h"

#include <rocksdb/table.h>

namespace sky::events {

rocksdb::Options rocks_options(const RocksTuning& tuning, rocksdb::WALRecoveryMode mode) {
  rocksdb::Options options;
  if (tuning.env != nullptr) options.env = tuning.env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.wal_recovery_mode = mode;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;  // sizes of closed write-ahead logs

  options.compression = rocksdb::kLZ4Compression;  // 0.42 of raw size; fixed when a file is written
  rocksdb::BlockBasedTableOptions table;
  table.block_size = std::size_t{16} << 10;  // scans only: no point look-ups, hence no bloom filter
  table.checksum = rocksdb::kXXH3;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

  options.write_buffer_size = tuning.write_buffer_bytes;
  options.max_total_wal_size =
      2 * tuning.write_buffer_bytes;  // an idle column family pins old ones
  options.ttl = 0;  // history never changes: no rewriting every 30 days
  options.periodic_compaction_seconds = 0;  // likewise
  options.compaction_style = rocksdb::kCompactionStyleLevel;  // FIFO would delete unasked
  options.bytes_per_sync = std::size_t{1} << 20;  // flushes do not pile up behind our fdatasync
  options.advise_random_on_open = false;  // reads are scans: the system may read ahead of them
  options.max_open_files = -1;  // all are opened at the start, by a few threads
  options.max_file_opening_threads = 2;
  options.skip_stats_update_on_db_open = true;  // they would steer compactions; there are none
  options.max_background_jobs = 2;
  options.stats_dump_period_sec = 0;  // an idle daemon does not wake for statistics
  options.stats_persist_period_sec = 0;
  options.recycle_log_file_num = 0;  // reused files could show old records as new ones
  return options;
}

rocksdb::WriteOptions synced_write() {
  rocksdb::WriteOptions options;
  options.sync = true;
  options.protection_bytes_per_key = protection_bytes;
  return options;
}

}  // namespace sky::events
