#include "events/log_header.h"

#include <charconv>

#include "events/commit_reader.h"
#include "events/opening.h"

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

// How many events at the end of the log are verified at every opening; the fold that follows it
// verifies all the others. 16 full commits: some milliseconds.
constexpr std::uint64_t verified_tail = 16 * max_events_per_commit;

Result<std::uint64_t> number_at(const RocksStore& store, const char* key, std::uint64_t missing) {
  const auto text = store.get_meta(key);
  if (!text) return text.error();
  if (!*text) return missing;
  const std::string& digits = **text;
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed != std::errc() || end != digits.data() + digits.size()) {
    return Error{ErrorCode::corrupt,
                 std::string("the log's header has no number in '") + key + "'"};
  }
  return value;
}

Result<void> read_tail(const RocksStore& store, Position& position) {
  const auto last = store.last_first_seq();
  if (!last) return last.error();
  if (!*last) return {};
  const std::uint64_t end = **last;
  const std::uint64_t kept = position.first_retained.value;
  const std::uint64_t from = end > kept + verified_tail ? end - verified_tail : kept;
  CommitReader reader;
  Result<void> outcome;
  const auto scanned =
      store.scan(from, end, [&](std::uint64_t first, std::span<const std::byte> bytes) {
        outcome = reader.take(first, bytes);
        return outcome.has_value();
      });
  if (!outcome) return outcome;
  if (!scanned) return scanned;
  position.durable = reader.commit().events.back().seq;
  position.chain = reader.commit().chain;
  return {};
}

Result<std::optional<std::uint32_t>> stored_chain_at(const RocksStore& store, core::Seq seq) {
  CommitReader reader;
  Result<void> outcome;
  std::optional<std::uint32_t> chain;
  const auto scanned =
      store.scan(seq.value, seq.value, [&](std::uint64_t first, std::span<const std::byte> bytes) {
        outcome = reader.take(first, bytes);
        if (outcome && reader.commit().events.back().seq == seq) chain = reader.commit().chain;
        return false;
      });
  if (!outcome) return outcome.error();
  if (!scanned) return scanned.error();
  return chain;
}

std::string what_to_do(const std::string& directory, std::uint64_t last) {
  return " Put a newer copy of " + directory +
         " in its place if there is one (`skyctl log restore`). If not, `skyctl log verify` says "
         "what is left, and `skyctl log repair --accept-loss-after " +
         std::to_string(last) + "` goes on from there.";
}

}  // namespace

Result<LogHeader> read_header_numbers(const RocksStore& store) {
  LogHeader header;
  auto id = store.get_meta(id_key);
  if (!id) return id.error();
  header.id = std::move(*id);
  const auto epoch = number_at(store, epoch_key, 0);
  if (!epoch) return epoch.error();
  const auto schema = number_at(store, schema_key, 0);
  if (!schema) return schema.error();
  const auto first = number_at(store, first_retained_key, 1);
  if (!first) return first.error();
  header.epoch = *epoch;
  header.schema = *schema;
  header.position.first_retained = core::Seq{*first};
  return header;
}

Result<LogHeader> read_header(const RocksStore& store) {
  auto header = read_header_numbers(store);
  if (!header) return header;
  const auto tail = read_tail(store, header->position);
  if (!tail) return tail.error();
  return header;
}

Result<void> check_against(const std::optional<LowWater>& mark, const LogHeader& header,
                           const ChainAt& chain_at, const std::string& directory) {
  if (!mark) return {};
  if (header.id && *header.id != mark->log_id) {
    return Error{ErrorCode::wrong_log, "the files in " + directory + "/" + database_name +
                                           " belong to log " + *header.id + ", but " + directory +
                                           " is the home of log " + mark->log_id +
                                           "; put the right files back"};
  }
  const std::uint64_t last = header.position.durable.value;
  if (last < mark->seq.value) {
    return Error{ErrorCode::acknowledged_lost,
                 "the log in " + directory + " ends at event " + std::to_string(last) +
                     ", but event " + std::to_string(mark->seq.value) +
                     " was acknowledged: a file is missing, or this is an old copy." +
                     what_to_do(directory, last)};
  }
  // Nothing was acknowledged yet; or what the mark speaks of was cut off, and the mark on the disk
  // is older than the cut, since it is not synced with each commit.
  if (mark->seq < header.position.first_retained) return {};
  const auto chain = chain_at(mark->seq);
  if (!chain) return chain.error();
  if (*chain != mark->chain) {
    return Error{ErrorCode::acknowledged_lost,
                 "the log in " + directory + " has other events up to " +
                     std::to_string(mark->seq.value) + " than were acknowledged; it ends at " +
                     std::to_string(last) + "." + what_to_do(directory, 0)};
  }
  return {};
}

Result<void> check_against(const std::optional<LowWater>& mark, const LogHeader& header,
                           const RocksStore& store, const std::string& directory) {
  return check_against(
      mark, header, [&store](core::Seq seq) { return stored_chain_at(store, seq); }, directory);
}

}  // namespace sky::events
