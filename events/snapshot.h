// A snapshot as stored: a header with its own checksum, then the state's bytes. Private to events.
// Format: events/README.md. Thread: any. Errors: corrupt, too_new.
#pragma once

#include <span>
#include <string>

#include "core/result.h"
#include "events/log.h"

namespace sky::events {

std::string encode_snapshot(const Snapshot& snapshot);

// Proves it whole: header, hash of the state, and that it is of `seq`, under which it was stored.
core::Result<Snapshot> decode_snapshot(core::Seq seq, std::span<const std::byte> bytes);

}  // namespace sky::events
