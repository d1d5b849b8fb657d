#include "events/torn_tail.h"

#include <limits>
#include <system_error>

#include "events/commit_reader.h"
#include "events/database_swap.h"
#include "events/log_header.h"
#include "events/opening.h"
#include "events/rocks_store.h"
#include "events/torn_manifest.h"

namespace sky::events {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;
using core::Result;

// Every commit from the oldest kept on.
Result<void> read_everything(const RocksStore& store, const Position& position) {
  CommitReader reader(position.first_retained);
  Result<void> outcome;
  const auto scanned =
      store.scan(position.first_retained.value, std::numeric_limits<std::uint64_t>::max() - 1,
                 [&](std::uint64_t first, std::span<const std::byte> bytes) {
                   outcome = reader.take(first, bytes);
                   return outcome.has_value();
                 });
  return outcome ? scanned : outcome;
}

Result<core::Seq> examine_copy(const fs::path& directory, const LowWater& mark,
                               const RocksTuning& tuning) {
  const auto is_trimmed = trim_manifest(directory / repair_name);
  if (!is_trimmed) return is_trimmed.error();
  const auto store = RocksStore::open(directory / repair_name, tuning,
                                      rocksdb::WALRecoveryMode::kPointInTimeRecovery,
                                      RocksStore::Access::read_write);
  if (!store) return store.error();
  const auto header = read_header(**store);
  if (!header) return header.error();
  const auto checked = check_against(mark, *header, **store, directory.string());
  if (!checked) return checked.error();
  if (*is_trimmed) {
    const auto read = read_everything(**store, header->position);
    if (!read) return read.error();
  }
  return header->position.durable;
}

}  // namespace

Result<core::Seq> repair_torn_tail(const fs::path& directory, const std::optional<LowWater>& mark,
                                   const RocksTuning& tuning, const Error& refusal) {
  if (!mark) {
    return Error{ErrorCode::corrupt,
                 "the log is damaged, and its file " + (directory / low_water_name).string() +
                     " is missing, so nothing tells whether acknowledged events are lost. Put a "
                     "copy of the directory in its place. (" +
                     refusal.text + ")"};
  }
  const auto copied =
      copy_database(directory / database_name, directory / repair_name, TableFiles::linked);
  if (!copied) return copied.error();
  auto kept = examine_copy(directory, *mark, tuning);
  if (!kept) {
    std::error_code ignored;  // the copy is only rubbish now; the next opening removes it too
    fs::remove_all(directory / repair_name, ignored);
    return Error{kept.error().code, kept.error().text + " (" + refusal.text + ")"};
  }
  const auto taken = take_over(directory);
  if (!taken) return taken.error();
  return kept;
}

}  // namespace sky::events
