// What a client sent of its body: until a replica took it, and longer while it may be needed again.
//
// Kept whole up to a limit per request and a budget for all; beyond either only the unsent rest is
// held and the request cannot be repeated any more once some of it was sent.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace sky::lb {

inline constexpr std::size_t max_replay_bytes = std::size_t{1} << 20;  // as Envoy's default
inline constexpr std::size_t replay_budget_bytes = std::size_t{64}
                                                   << 20;  // guess: all requests of all loops

class ReplayBuffer {
 public:
  explicit ReplayBuffer(std::atomic<std::size_t>& budget_used) : budget_used_(budget_used) {}
  ~ReplayBuffer() { clear(); }
  ReplayBuffer(const ReplayBuffer&) = delete;
  ReplayBuffer& operator=(const ReplayBuffer&) = delete;

  void clear() {
    if (!bytes_.empty()) budget_used_ -= bytes_.size();
    // A buffer that grew is given back, so that idle connections stay small.
    if (bytes_.capacity() > 4096) std::string().swap(bytes_);
    bytes_.clear();
    sent_ = 0;
    begins_at_start_ = true;
  }

  void add(std::string_view piece) {
    bytes_.append(piece);
    budget_used_ += piece.size();
    if (bytes_.size() > max_replay_bytes || budget_used_ > replay_budget_bytes) forget_sent();
  }

  std::string_view unsent() const { return std::string_view(bytes_).substr(sent_); }
  void mark_all_sent() {
    sent_ = bytes_.size();
    if (!begins_at_start_ || is_budget_spent()) forget_sent();
  }

  // Whether all from the first byte on is still here.
  bool is_whole() const { return begins_at_start_; }
  void rewind() { sent_ = 0; }
  bool is_budget_spent() const { return budget_used_ > replay_budget_bytes; }

 private:
  void forget_sent() {
    if (sent_ == 0) return;
    budget_used_ -= sent_;
    bytes_.erase(0, sent_);
    sent_ = 0;
    begins_at_start_ = false;
  }

  std::atomic<std::size_t>& budget_used_;
  std::string bytes_;
  std::size_t sent_ = 0;
  bool begins_at_start_ = true;
};

}  // namespace sky::lb
