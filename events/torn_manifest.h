// RocksDB's list of table files when the power went while it was being written.
//
// RocksDB forgives a write-ahead log its torn end, but no mode of it forgives the MANIFEST one of
// garbage, although what was not synced there promises nothing: the files that such an entry makes
// unnecessary are deleted only after it is durable. Private to events.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "core/result.h"

namespace sky::events {

// How many bytes at the beginning are whole records of RocksDB's log format (its log_format.h:
// blocks of 32 KiB; a record is u32 masked CRC-32C, u16 size, u8 type, data).
std::size_t whole_records_size(std::span<const std::byte> file);

// Cuts the MANIFEST that the closed database uses after its last whole record. Says whether that
// changed anything: then some older state of the files may be what is left, and only reading all of
// it proves otherwise. Durable. Errors: corrupt (there is none), no_space, io.
core::Result<bool> trim_manifest(const std::filesystem::path& database);

}  // namespace sky::events
