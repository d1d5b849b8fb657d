#include "lb/token_meter.h"

#include <charconv>
#include <cstring>
#include <utility>

namespace sky::lb {
namespace {

constexpr std::string_view done_marker = "data: [DONE]";

std::uint64_t number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + name.size());
  const std::size_t digits = text.find_first_not_of(": \t\r\n");
  if (digits == std::string_view::npos) return 0;
  std::uint64_t number = 0;
  std::from_chars(text.data() + digits, text.data() + text.size(), number);
  return number;
}

constexpr std::string_view usage_name = "\"usage\"";
constexpr std::size_t rare_at = usage_name.find('g');  // its letter that texts have least of

// What stands from the last `usage` on; every answer is looked through for it.
std::optional<std::string_view> from_last_usage(std::string_view text) {
  std::size_t left = text.size();
  while (left > 0) {
    const void* found = memrchr(text.data(), usage_name[rare_at], left);
    if (found == nullptr) return std::nullopt;
    left = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    if (left < rare_at) return std::nullopt;
    const std::string_view rest = text.substr(left - rare_at);
    if (rest.starts_with(usage_name)) return rest;
  }
  return std::nullopt;
}

}  // namespace

void ModelTotals::add(const ModelTotals& other) {
  first_byte.add(other.first_byte);
  between_pieces.add(other.between_pieces);
  tokens.in += other.tokens.in;
  tokens.out += other.tokens.out;
}

std::optional<TokenCounts> usage_in(std::string_view text) {
  const auto usage = from_last_usage(text);
  if (!usage) return std::nullopt;
  const std::size_t open = usage->find('{');
  const bool is_null =
      open == std::string_view::npos || usage->substr(0, open).find('n') != std::string_view::npos;
  if (is_null) return std::nullopt;
  return TokenCounts{number_behind(*usage, "\"prompt_tokens\""),
                     number_behind(*usage, "\"completion_tokens\"")};
}

void TokenMeter::start(Kind kind, core::Duration now) {
  kind_ = kind;
  last_piece_ = now;
  any_piece_ = false;
  events_ = line_bytes_ = 0;
}

void TokenMeter::count_events(std::string_view piece) {
  while (!piece.empty()) {
    const bool at_line_start = line_bytes_ == 0;
    // A field name that is split between two pieces is counted by its first
    // byte.
    if (at_line_start && piece.front() == 'd') ++events_;
    const void* end = std::memchr(piece.data(), '\n', piece.size());
    if (end == nullptr) {
      line_bytes_ += piece.size();
      return;
    }
    line_bytes_ = 0;
    piece.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(end) - piece.data()) + 1);
  }
}

void TokenMeter::feed(std::string_view piece, core::Duration now, ModelTotals& totals) {
  if (kind_ == Kind::other) return;
  if (kind_ == Kind::event_stream) {
    if (any_piece_) totals.between_pieces.add(now - last_piece_);
    any_piece_ = true;
    last_piece_ = now;
    count_events(piece);
  }
  if (piece.size() > kept_bytes) piece.remove_prefix(piece.size() - kept_bytes);
  if (end_.size() + piece.size() > 2 * kept_bytes) end_.erase(0, end_.size() - kept_bytes);
  end_.append(piece);
}

bool TokenMeter::saw_end_marker() const {
  return kind_ == Kind::event_stream && end_.find(done_marker) != std::string::npos;
}

TokenCounts TokenMeter::finish() {
  if (kind_ == Kind::other) return {};
  const std::string end = std::exchange(end_, {});
  const Kind kind = std::exchange(kind_, Kind::other);
  if (const auto said = usage_in(end)) return *said;
  if (kind == Kind::json || events_ == 0) return {};
  return {.in = 0, .out = events_ - (end.find(done_marker) != std::string::npos ? 1 : 0)};
}

}  // namespace sky::lb
