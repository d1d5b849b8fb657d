#include "events/torn_tail.h"

#include <system_error>

#include "events/database_swap.h"
#include "events/log_header.h"
#include "events/opening.h"
#include "events/rocks_store.h"

namespace sky::events {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorCode;
using core::Result;

Result<core::Seq> examine_copy(const fs::path& directory, const LowWater& mark,
                               const RocksTuning& tuning) {
  const auto store = RocksStore::open(directory / repair_name, tuning,
                                      rocksdb::WALRecoveryMode::kPointInTimeRecovery,
                                      RocksStore::Access::read_write);
  if (!store) return store.error();
  const auto header = read_header(**store);
  if (!header) return header.error();
  const auto checked = check_against(mark, *header, **store, directory.string());
  if (!checked) return checked.error();
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
