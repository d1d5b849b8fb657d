#include "events/rocks_log.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "core/check.h"
#include "events/commit_reader.h"
#include "events/database_swap.h"
#include "events/little_endian.h"
#include "events/opening.h"
#include "events/system_error.h"

namespace sky::events {

using core::Error;
using core::ErrorCode;
using core::Result;

RocksLog::RocksLog(OpenedLog opened) : opened_(std::move(opened)) {}

RocksLog::~RocksLog() {
  // The next opening has nothing to recover then. When it fails, the write-ahead log has it all.
  if (opened_.low_water_file && !failed_) static_cast<void>(opened_.store->flush());
  opened_.store.reset();
  // Nothing can be done about a failure here: the file is then as old as its last sync.
  if (opened_.low_water_file) static_cast<void>(opened_.low_water_file->sync());
}

Position RocksLog::position() const {
  const std::lock_guard guard(mutex_);
  return opened_.position;
}

Error RocksLog::fail(Error error) {
  // Whether the commit reached the disk is unknown now. Only a new opening can find out.
  failed_ = Error{error.code,
                  "the log takes nothing more until it is opened again, because an "
                  "earlier commit failed: " +
                      error.text};
  return error;
}

Result<std::string> RocksLog::append(std::span<const core::Event> events) {
  SKY_CHECK(opened_.low_water_file, "a read-only log is not appended to");
  if (failed_) return *failed_;
  const Position before = position();
  SKY_CHECK(!events.empty() && events.front().seq == before.durable.next(),
            "an append continues the log");
  std::string bytes = encode_commit(opened_.epoch, before.chain, events);
  if (bytes.size() > max_encoded_bytes) {
    return fail({ErrorCode::invalid_input, "event " + std::to_string(events.front().seq.value) +
                                               " is larger than a log entry may be"});
  }
  const auto stored = opened_.store->append(events.front().seq.value, bytes);
  if (!stored) return fail(stored.error());
  const core::Seq last = events.back().seq;
  const std::uint32_t chain = get_little<std::uint32_t>(as_bytes(bytes).subspan(chain_offset));
  const auto marked = opened_.low_water_file->write({opened_.id, opened_.epoch, last, chain});
  if (!marked) return fail(marked.error());
  const std::lock_guard guard(mutex_);
  opened_.position.durable = last;
  opened_.position.chain = chain;
  return bytes;
}

Result<void> RocksLog::settle() {
  if (!opened_.low_water_file) return {};
  return opened_.low_water_file->sync();
}

Result<void> RocksLog::read(core::Seq from, const CommitVisitor& visit) const {
  const Position now = position();
  if (from.value == 0) from = now.first_retained;
  if (from < now.first_retained) {
    return Error{ErrorCode::not_found, "event " + std::to_string(from.value) +
                                           " is not kept any more; the oldest is " +
                                           std::to_string(now.first_retained.value)};
  }
  if (from > now.durable) return {};
  CommitReader reader(from);
  Result<void> outcome;
  bool reached_end = true;
  const auto scanned = opened_.store->scan(
      from.value, now.durable.value, [&](std::uint64_t first, std::span<const std::byte> bytes) {
        outcome = reader.take(first, bytes);
        reached_end = outcome && visit(reader.commit(), bytes);
        return reached_end;
      });
  if (!outcome) return outcome;
  if (!scanned) return scanned;
  const bool is_whole = !reached_end || (!reader.commit().events.empty() &&
                                         reader.commit().events.back().seq >= now.durable);
  if (!is_whole) {
    return Error{ErrorCode::corrupt, "events up to " + std::to_string(now.durable.value) +
                                         " should be there, but the log ends before"};
  }
  return {};
}

Result<void> RocksLog::truncate(core::Seq first) {
  SKY_CHECK(opened_.low_water_file, "a read-only log is not truncated");
  const Position now = position();
  if (first > now.durable) {
    return Error{ErrorCode::conflict, "the log ends at event " + std::to_string(now.durable.value) +
                                          ", nothing before " + std::to_string(first.value) +
                                          " can be deleted for it"};
  }
  if (first <= now.first_retained) return {};
  const auto begin = opened_.store->commit_holding(first.value);
  if (!begin) return begin.error();
  const core::Seq base{*begin - 1};
  bool has_base = false;
  std::vector<std::uint64_t> useless;
  const auto visited = visit_snapshots([&](core::Seq seq, const Result<Snapshot>& snapshot) {
    has_base = has_base || (seq == base && snapshot);
    if (seq < base) useless.push_back(seq.value);
    return true;
  });
  if (!visited) return visited;
  if (!has_base) {
    return Error{ErrorCode::conflict, "there is no whole snapshot of event " +
                                          std::to_string(base.value) +
                                          ", so nothing before the next one may be deleted"};
  }
  // Readers are told first: after a crash in between, the rest is only space not given back yet.
  const auto told =
      opened_.store->put_meta({{first_retained_key, std::to_string(*begin)}}, useless);
  if (!told) return told;
  {
    const std::lock_guard guard(mutex_);
    opened_.position.first_retained = core::Seq{*begin};
  }
  return opened_.store->delete_before(*begin);
}

Result<std::uint64_t> RocksLog::stored_bytes(core::Seq from) const {
  return opened_.store->approximate_bytes(from.value);
}

Result<void> RocksLog::backup(const std::filesystem::path& to) const {
  SKY_CHECK(opened_.low_water_file, "a read-only log makes no backup");
  const Position acknowledged = position();  // the copy holds this, and what comes meanwhile
  if (::mkdir(to.c_str(), 0700) != 0) return system_error(errno, "making " + to.string());
  const auto copied = copy_to(to, acknowledged);
  std::error_code ignored;  // half a copy is of no use, and on a full disk in the way
  if (!copied) std::filesystem::remove_all(to, ignored);
  return copied;
}

Result<void> RocksLog::copy_to(const std::filesystem::path& to, const Position& position) const {
  const auto copied = opened_.store->checkpoint(to / database_name);
  if (!copied) return copied;
  auto mark = LowWaterFile::open(to / low_water_name);
  if (!mark) return mark.error();
  const auto written = mark->write({opened_.id, opened_.epoch, position.durable, position.chain});
  if (!written) return written;
  const auto synced = mark->sync();
  return synced ? sync_names(to) : synced;
}

}  // namespace sky::events
