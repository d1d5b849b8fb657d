// Bytes <-> core values: the only place that knows Cap'n Proto.
//
// A commit is the unit of the log and of the follow protocol: the events that share one fsync.
// Format and evolution rules: events/README.md. Thread: any. Errors: `corrupt`, `too_new`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/result.h"
#include "core/routing.h"

namespace sky::events {

// Raised by one whenever event.capnp grows. A log is never written by a version older than its
// newest writer, because that one would skip events it does not know; reading it goes on.
inline constexpr std::uint16_t schema_version = 4;

struct Commit {
  std::uint64_t epoch = 0;
  std::uint32_t chain_before = 0;  // CRC-32C chain value of the commit before this one
  std::uint32_t chain = 0;  // of this one: over chain_before and the payload
  std::vector<core::Event> events;  // at least one, sequences dense
  std::uint16_t schema = 0;  // schema_version of its writer
};

inline constexpr std::size_t max_events_per_commit = 1024;
inline constexpr std::size_t max_commit_bytes = std::size_t{1} << 20;
// A single event may exceed max_commit_bytes (a huge spec); nothing may exceed this.
inline constexpr std::size_t max_encoded_bytes = std::size_t{16} << 20;

// Where the little-endian chain value of an encoded commit begins.
inline constexpr std::size_t chain_offset = 8;

// `events`: 1 to max_events_per_commit with dense sequences.
std::string encode_commit(std::uint64_t epoch, std::uint32_t chain_before,
                          std::span<const core::Event> events);
core::Result<Commit> decode_commit(std::span<const std::byte> bytes);

// How many bytes the event takes in a commit, rounded up; cheap. For cutting groups.
std::size_t approximate_bytes(const core::Event& event);

// Decodes many commits and keeps its buffers between them.
class CommitDecoder {
 public:
  // On an error `commit` holds anything.
  core::Result<void> decode(std::span<const std::byte> bytes, Commit& commit);

 private:
  std::vector<std::uint64_t> scratch_;
};

std::string encode_routing(const core::RoutingSnapshot& table);
core::Result<core::RoutingSnapshot> decode_routing(std::span<const std::byte> bytes);

}  // namespace sky::events
