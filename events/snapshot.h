// A snapshot as stored: a header with its own checksum, then the state's bytes. Private to events.
// Format: events/README.md. Thread: any. Errors: corrupt, too_new.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "events/log.h"

namespace sky::events {

std::string encode_snapshot(const Snapshot& snapshot);

// Proves it whole: header, hash of the state, and that it is of `seq`, under which it was stored.
core::Result<Snapshot> decode_snapshot(core::Seq seq, std::span<const std::byte> bytes);

struct StoredSnapshot {
  core::Seq seq;
  bool is_whole = false;
};

// Which of the stored ones (newest first) are not needed beside the one of `stored_now`, in a log
// that begins at `first_retained`: all but the newest kept_snapshots and the base.
std::vector<std::uint64_t> superfluous_snapshots(const std::vector<StoredSnapshot>& stored,
                                                 core::Seq stored_now, core::Seq first_retained);

}  // namespace sky::events
