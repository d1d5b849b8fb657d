#include "events/snapshot.h"

#include <algorithm>
#include <cstring>

#include "events/crc32c.h"
#include "events/little_endian.h"
#include "events/rocks_log.h"

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr char magic[] = {'S', 'K', 'S', '1'};
constexpr std::size_t crc_offset = 4;  // over all of the header after it
constexpr std::size_t format_offset = 8;
constexpr std::size_t seq_offset = 12;
constexpr std::size_t hash_offset = 20;
constexpr std::size_t writer_size_offset = 28;
constexpr std::size_t header_size = 32;  // then the writer, then the state
constexpr std::size_t longest_writer = 256;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::uint64_t state_hash(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;  // the constants of FNV-1a
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return hash;
}

std::string encode_snapshot(const Snapshot& snapshot) {
  const std::string writer = snapshot.writer.substr(0, longest_writer);
  std::string bytes(header_size, '\0');
  std::memcpy(bytes.data(), magic, sizeof magic);
  put_little<std::uint32_t>(bytes.data() + format_offset, snapshot.format);
  put_little<std::uint64_t>(bytes.data() + seq_offset, snapshot.seq.value);
  put_little<std::uint64_t>(bytes.data() + hash_offset, snapshot.state_hash);
  put_little<std::uint32_t>(bytes.data() + writer_size_offset,
                            static_cast<std::uint32_t>(writer.size()));
  bytes += writer;
  put_little<std::uint32_t>(bytes.data() + crc_offset,
                            crc32c(0, as_bytes(bytes).subspan(format_offset)));
  return bytes + snapshot.state;
}

Result<Snapshot> decode_snapshot(core::Seq seq, std::span<const std::byte> bytes) {
  const std::string what = "the snapshot of event " + std::to_string(seq.value);
  const auto damaged = [&](const char* how) { return Error{ErrorCode::corrupt, what + how}; };
  if (bytes.size() < header_size || std::memcmp(bytes.data(), magic, 3) != 0) {
    return damaged(" is no snapshot");
  }
  if (std::memcmp(bytes.data(), magic, sizeof magic) != 0) {
    return Error{ErrorCode::too_new, what + " was made by a newer skyctl"};
  }
  const std::size_t writer_size = get_little<std::uint32_t>(bytes.subspan(writer_size_offset));
  if (writer_size > longest_writer || bytes.size() < header_size + writer_size) {
    return damaged(" has a damaged header");
  }
  const auto header = bytes.first(header_size + writer_size);
  const auto crc = get_little<std::uint32_t>(bytes.subspan(crc_offset));
  if (crc != crc32c(0, header.subspan(format_offset))) return damaged(" has a damaged header");
  Snapshot snapshot;
  snapshot.seq = core::Seq{get_little<std::uint64_t>(bytes.subspan(seq_offset))};
  snapshot.format = get_little<std::uint32_t>(bytes.subspan(format_offset));
  snapshot.state_hash = get_little<std::uint64_t>(bytes.subspan(hash_offset));
  snapshot.writer = text_of(header.subspan(header_size));
  snapshot.state = text_of(bytes.subspan(header_size + writer_size));
  if (snapshot.seq != seq) return damaged(" says it is of another event");
  if (state_hash(snapshot.state) != snapshot.state_hash) {
    return damaged(" holds other bytes than its hash says");
  }
  return snapshot;
}

std::vector<std::uint64_t> superfluous_snapshots(const std::vector<StoredSnapshot>& stored,
                                                 core::Seq stored_now, core::Seq first_retained) {
  core::Seq base;
  if (first_retained.value > 1)
    for (const StoredSnapshot& one : stored)
      if (one.is_whole && one.seq.next() >= first_retained) base = one.seq;  // the oldest of them
  const auto is_newer = [&](const StoredSnapshot& one) { return one.seq > stored_now; };
  // The new one takes a place among the newest only if it is one of them: a base need not be.
  std::size_t places = kept_snapshots;
  if (std::count_if(stored.begin(), stored.end(), is_newer) < std::ptrdiff_t{kept_snapshots})
    --places;
  std::vector<std::uint64_t> superfluous;
  for (const StoredSnapshot& one : stored) {
    if (one.seq == stored_now) continue;
    if (places > 0)
      --places;
    else if (one.seq != base)
      superfluous.push_back(one.seq.value);
  }
  return superfluous;
}

Result<void> RocksLog::put_snapshot(const Snapshot& snapshot) {
  std::vector<StoredSnapshot> stored;
  const auto visited = visit_snapshots([&](core::Seq seq, const Result<Snapshot>& one) {
    stored.push_back({seq, one.has_value()});
    return true;
  });
  if (!visited) return visited;
  return opened_.store->put_snapshot(
      snapshot.seq.value, encode_snapshot(snapshot),
      superfluous_snapshots(stored, snapshot.seq, position().first_retained));
}

Result<void> RocksLog::visit_snapshots(const SnapshotVisitor& visit) const {
  const core::Seq durable = position().durable;
  return opened_.store->scan_snapshots([&](std::uint64_t seq, std::span<const std::byte> bytes) {
    auto snapshot = decode_snapshot(core::Seq{seq}, bytes);
    if (snapshot && snapshot->seq > durable) {
      snapshot = Error{ErrorCode::corrupt,
                       "the snapshot of event " + std::to_string(seq) + " is newer than the log"};
    }
    return visit(core::Seq{seq}, snapshot);
  });
}

}  // namespace sky::events
