// Walks stored commits and holds them to the invariants: whole, dense, chained. Private to events.
#pragma once

#include <cstdint>
#include <optional>

#include "core/result.h"
#include "events/codec.h"
#include "events/log.h"

namespace sky::events {

class CommitReader {
 public:
  // `from`: the first commit taken has to hold this event. Zero: any may come first.
  explicit CommitReader(core::Seq from = core::Seq{}) : from_(from) {}

  // Takes the next commit in order. `stored_under` is its key. Errors: corrupt, too_new; the text
  // names the sequence.
  core::Result<void> take(std::uint64_t stored_under, std::span<const std::byte> bytes);

  const Commit& commit() const { return commit_; }  // the one taken last

 private:
  core::Seq from_;
  CommitDecoder decoder_;
  Commit commit_;
  std::uint64_t next_seq_ = 0;  // 0: none taken yet
  std::uint32_t chain_ = 0;
};

}  // namespace sky::events
