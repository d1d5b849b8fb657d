// CRC-32C (Castagnoli), the checksum of the log: commit chain and low-water file.
//
// Pure function; uses the processor's instruction where there is one. It finds damage, it is no
// protection against somebody who wants to change the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sky::events {

// Continues `before` (0 to begin) over `bytes`.
std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes);

// The same by table; exists so that a test can hold the two against each other.
std::uint32_t crc32c_by_table(std::uint32_t before, std::span<const std::byte> bytes);

}  // namespace sky::events
