#include "events/commit_reader.h"

#include <string>

namespace sky::events {

core::Result<void> CommitReader::take(std::uint64_t stored_under,
                                      std::span<const std::byte> bytes) {
  using core::Error;
  using core::ErrorCode;
  const auto decoded = decoder_.decode(bytes, commit_);
  const auto where = [stored_under] {
    return "the commit at event " + std::to_string(stored_under);
  };
  if (!decoded) {
    return Error{decoded.error().code, where() + " cannot be used: " + decoded.error().text};
  }
  const std::uint64_t first = commit_.events.front().seq.value;
  if (first != stored_under) {
    return Error{ErrorCode::corrupt, where() + " says it begins at " + std::to_string(first)};
  }
  if (next_seq_ == 0 && from_.value != 0 && first > from_.value) {
    return Error{ErrorCode::corrupt, where() + " should not be the first: event " +
                                         std::to_string(from_.value) + " is missing"};
  }
  if (next_seq_ != 0 && first != next_seq_) {
    return Error{ErrorCode::corrupt,
                 where() + " does not follow: event " + std::to_string(next_seq_) + " is missing"};
  }
  const bool is_chained = next_seq_ != 0 || first == 1;
  if (is_chained && commit_.chain_before != chain_) {
    return Error{ErrorCode::corrupt, where() + " does not continue the commit before it"};
  }
  next_seq_ = commit_.events.back().seq.value + 1;
  chain_ = commit_.chain;
  return {};
}

}  // namespace sky::events
