// What a log says about itself, read from its header and its last commits, and held against the
// low-water mark. Private to events; part of the opening procedure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "events/log.h"
#include "events/low_water.h"
#include "events/rocks_store.h"

namespace sky::events {

struct LogHeader {
  std::optional<core::LogId> id;  // none: the header was never written
  std::uint64_t epoch = 0;
  std::uint64_t schema = 0;  // of the newest writer
  Position position;
};

// The header alone: `position` holds only what is kept.
core::Result<LogHeader> read_header_numbers(const RocksStore& store);

// Verifies the newest commits (density, chain, checksums). Errors: corrupt, io.
core::Result<LogHeader> read_header(const RocksStore& store);

// The chain value of the commit that ends with `seq`; none when no commit ends there.
using ChainAt = std::function<core::Result<std::optional<std::uint32_t>>(core::Seq seq)>;

// Whether the log is the one of the mark and reaches it. Errors: wrong_log, acknowledged_lost.
core::Result<void> check_against(const std::optional<LowWater>& mark, const LogHeader& header,
                                 const ChainAt& chain_at, const std::string& directory);
core::Result<void> check_against(const std::optional<LowWater>& mark, const LogHeader& header,
                                 const RocksStore& store, const std::string& directory);

}  // namespace sky::events
