// What a language model's answer tells in passing: when its pieces came, how
// many tokens it was.
//
// Tokens are what the answer's `usage` says; where it says none, the events of
// an event stream that carry data, less its end marker. Only the end of an
// answer is kept (1 KiB, while it runs), because that is where usage stands.
// Counting costs no parse of JSON. One exchange after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"
#include "lb/latency_histogram.h"

namespace sky::lb {

struct TokenCounts {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  bool operator==(const TokenCounts&) const = default;
};

// Of one replica, and of one service: since the start.
struct ModelTotals {
  LatencyHistogram first_byte;
  LatencyHistogram between_pieces;  // of event streams
  TokenCounts tokens;
  void add(const ModelTotals& other);
};

// The numbers behind "prompt_tokens" and "completion_tokens" of the last
// `usage` in `text`; none when it has none, or null.
std::optional<TokenCounts> usage_in(std::string_view text);

class TokenMeter {
 public:
  enum class Kind : std::uint8_t { other, json, event_stream };

  void start(Kind kind, core::Duration now);
  // A piece of the body: what it is long after the one before goes into
  // `totals`.
  void feed(std::string_view piece, core::Duration now, ModelTotals& totals);
  bool saw_end_marker() const;  // "[DONE]": whatever comes behind it is of no interest
  TokenCounts finish();  // and forgets the answer

 private:
  static constexpr std::size_t kept_bytes = 1024;

  void count_events(std::string_view piece);

  Kind kind_ = Kind::other;
  core::Duration last_piece_{0};
  bool any_piece_ = false;
  std::uint64_t events_ = 0;
  std::size_t line_bytes_ = 0;  // of the present line, so far
  std::string end_;  // what came last
};

}  // namespace sky::lb
