// The only door to durable history.
//
// Events are numbered densely from 1; one writer per log. An append is acknowledged only after it
// would survive a power cut, and nothing that a reader can get here is less durable than that.
// It does not interpret events, filter them, or know about services.
//
// Thread: append() from one thread at a time (the commit thread); read() and position() from any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/event.h"
#include "core/result.h"
#include "events/codec.h"

namespace sky::events {

struct Position {
  core::Seq first_retained{1};
  core::Seq durable;  // newest acknowledged; 0 in an empty log
  std::uint32_t chain = 0;
};

// The state as of one event, as bytes that only the maker understands. The log keeps the newest
// few and proves them whole; whether they are right, a fold of the log says.
struct Snapshot {
  core::Seq seq;  // the newest event folded in
  std::uint32_t format = 0;  // of `state`, the maker's number
  std::uint64_t state_hash = 0;  // state_hash(state)
  std::string writer;  // version of the program
  std::string state;
};
// The newest ones. In a truncated log one more stays: the base, the state that the oldest kept
// event continues. Without it the past could be read and not be shown.
inline constexpr std::size_t kept_snapshots = 3;  // one good, one in doubt, one to compare with

// FNV-1a, 64 bits: the fingerprint of a state's bytes, the same on every machine.
std::uint64_t state_hash(std::string_view bytes);

// Newest first; an error in the place of one that is damaged. Returns false to stop.
using SnapshotVisitor = std::function<bool(core::Seq seq, const core::Result<Snapshot>& snapshot)>;

// Returns false to stop.
using CommitVisitor = std::function<bool(const Commit& commit, std::span<const std::byte> bytes)>;

class Log {
 public:
  virtual ~Log() = default;

  virtual const core::LogId& id() const = 0;
  virtual std::uint64_t epoch() const = 0;  // of this opening; higher than any before
  virtual core::Seq repaired_after() const = 0;  // nonzero: opening left a torn tail out after this
  virtual Position position() const = 0;

  // Makes all events durable as one commit (at most max_events_per_commit), or fails and changes
  // nothing that a reader can see. The first seq must be position().durable.next().
  // Returns the stored bytes of the commit. Errors: no_space, io.
  virtual core::Result<std::string> append(std::span<const core::Event> events) = 0;

  // Makes the low-water file durable; cheap when it is already. The commit queue calls it once a
  // second and when traffic pauses; closing does it too. Same thread as append().
  virtual core::Result<void> settle() { return {}; }

  // Visits commits in order, beginning with the one that holds `from`. Errors: corrupt (the text
  // names the first bad commit), io, not_found when `from` is older than first_retained.
  virtual core::Result<void> read(core::Seq from, const CommitVisitor& visit) const = 0;

  // Durable; of the others the newest `kept_snapshots` and a truncated log's base stay. Any thread,
  // besides append() too: it is not on the way of a commit. `snapshot.seq` is durable already.
  // Errors: no_space, io.
  virtual core::Result<void> put_snapshot(const Snapshot&) {
    return core::Error{core::ErrorCode::unsupported, "a log in memory keeps no snapshots"};
  }
  virtual core::Result<void> visit_snapshots(const SnapshotVisitor&) const { return {}; }

  // Forgets the commits before the one that holds `first` and the snapshots that are of no use
  // then, and gives their space back. Durable. Any thread. The caller has stored the new base (the
  // snapshot of the event before that commit) and recorded what it does. Errors: conflict when the
  // log ends before `first`, or when no whole base is there: then nothing is forgotten.
  virtual core::Result<void> truncate(core::Seq first) {
    static_cast<void>(first);
    return core::Error{core::ErrorCode::unsupported, "a log in memory is not truncated"};
  }

  // About how much disk the events from `from` on take; write-ahead log and snapshots come on top.
  virtual core::Result<std::uint64_t> stored_bytes(core::Seq from) const {
    static_cast<void>(from);
    return std::uint64_t{0};  // in memory: no disk
  }

  // A copy of everything acknowledged, as a log's directory of its own; `to` must not exist. Within
  // one file system it takes milliseconds. A copy counts only after check_log() (log_check.h).
  virtual core::Result<void> backup(const std::filesystem::path&) const {
    return core::Error{core::ErrorCode::unsupported, "a log in memory has no files to copy"};
  }
};

// Opens for writing, creating it when the directory is empty; follows the opening procedure of
// events/README.md. Errors: locked, permission, no_space, corrupt, acknowledged_lost, wrong_log,
// too_new, io.
core::Result<std::unique_ptr<Log>> open_log(const std::filesystem::path& directory);

// A read-only view as of now; works beside a writer (then it may be a little old). append() on it
// is a bug. Errors: not_found, corrupt, permission, io.
core::Result<std::unique_ptr<Log>> open_log_read_only(const std::filesystem::path& directory);

// Lives in memory; for tests and the simulator.
std::unique_ptr<Log> make_memory_log(core::LogId id);

}  // namespace sky::events
