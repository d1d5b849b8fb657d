#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "core/check.h"
#include "events/commit_reader.h"
#include "events/little_endian.h"
#include "events/log.h"

namespace sky::events {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

// Keeps the encoded commits, so that a test with it goes through the codec too.
class MemoryLog final : public Log {
 public:
  explicit MemoryLog(core::LogId id) : id_(std::move(id)) {}

  const core::LogId& id() const override { return id_; }
  std::uint64_t epoch() const override { return 1; }
  core::Seq repaired_after() const override { return {}; }
  Position position() const override {
    const std::lock_guard guard(mutex_);
    return position_;
  }

  Result<std::string> append(std::span<const core::Event> events) override {
    const std::lock_guard guard(mutex_);
    SKY_CHECK(!events.empty() && events.front().seq == position_.durable.next(),
              "an append continues the log");
    std::string bytes = encode_commit(epoch(), position_.chain, events);
    position_.durable = events.back().seq;
    position_.chain = get_little<std::uint32_t>(as_bytes(bytes).subspan(chain_offset));
    commits_.push_back({events.front().seq.value, bytes});
    return bytes;
  }

  Result<void> read(core::Seq from, const CommitVisitor& visit) const override {
    CommitReader reader;
    for (std::size_t index = index_of(from);; ++index) {
      StoredCommit stored;
      {
        const std::lock_guard guard(mutex_);
        if (from > position_.durable || index >= commits_.size()) return {};
        stored = commits_[index];
      }
      const auto taken = reader.take(stored.first_seq, as_bytes(stored.bytes));
      if (!taken) return taken;
      if (!visit(reader.commit(), as_bytes(stored.bytes))) return {};
    }
  }

 private:
  struct StoredCommit {
    std::uint64_t first_seq = 0;
    std::string bytes;
  };

  std::size_t index_of(core::Seq seq) const {
    const std::lock_guard guard(mutex_);
    const auto after = std::upper_bound(
        commits_.begin(), commits_.end(), seq.value,
        [](std::uint64_t wanted, const StoredCommit& one) { return wanted < one.first_seq; });
    return after == commits_.begin() ? 0 : static_cast<std::size_t>(after - commits_.begin()) - 1;
  }

  const core::LogId id_;
  mutable std::mutex mutex_;  // guards what follows
  Position position_;
  std::vector<StoredCommit> commits_;
};

}  // namespace

std::unique_ptr<Log> make_memory_log(core::LogId id) {
  return std::make_unique<MemoryLog>(std::move(id));
}

}  // namespace sky::events
