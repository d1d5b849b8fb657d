#include "lb/head_lines.h"

#include <cstring>

namespace sky::lb {
namespace {

// "GET " + " HTTP/1.1": what a request line has besides its target, generously.
constexpr std::size_t request_line_overhead_bytes = 64;

}  // namespace

std::size_t HeadLines::scan(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !ended_ && !error_) {
    const std::string_view rest = bytes.substr(used);
    const void* found = std::memchr(rest.data(), '\n', rest.size());
    const std::size_t size =
        found == nullptr ? rest.size()
                         : static_cast<std::size_t>(static_cast<const char*>(found) - rest.data());
    add_part(rest.substr(0, size));
    used += size;
    if (found == nullptr) break;
    ++used;
    end_line();
  }
  head_bytes_ += used;
  if (!error_ && head_bytes_ > max_bytes_) error_ = {431, "the head is too large"};
  return used;
}

void HeadLines::add_part(std::string_view part) {
  if (part.empty()) return;
  if (line_has_cr_) {
    error_ = {400, "a carriage return without line feed"};
    return;
  }
  if (line_bytes_ == 0) {
    const char first = part.front();
    if (first == ' ' || first == '\t') error_ = {400, "a folded header or a blank first line"};
    if (first == ':') error_ = {400, "a header without a name"};
  }
  const void* cr = std::memchr(part.data(), '\r', part.size());
  if (cr != nullptr) {
    line_has_cr_ = true;
    if (static_cast<const char*>(cr) != part.data() + part.size() - 1) {
      error_ = {400, "a carriage return without line feed"};
    }
  }
  const std::size_t before = line_bytes_;
  line_bytes_ += part.size();
  if (line_index_ != 0 || !is_request_) return;

  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] > '#') continue;  // nearly all
    if (part[i] == '#') error_ = {400, "a fragment in the request line"};
    if (part[i] != ' ') continue;
    const std::size_t at = before + i + 1;
    if (++request_line_spaces_ > 1 && at == last_space_ + 1) {
      error_ = {400, "repeated blanks in the request line"};
    }
    last_space_ = at;
  }
  if (line_bytes_ > max_target_bytes + request_line_overhead_bytes) {
    error_ = {414, "the target is too long"};
  }
}

void HeadLines::end_line() {
  if (error_) return;
  if (!line_has_cr_) {
    error_ = {400, "a line feed without carriage return"};
    return;
  }
  const std::size_t line_size = line_bytes_;
  const bool is_empty = line_size == 1;
  line_has_cr_ = false;
  line_bytes_ = 0;
  if (is_empty && line_index_ == 0) {
    if (!is_request_) error_ = {400, "an empty line before the status line"};
    return;  // RFC 9112 2.2: a server ignores an empty line before a request
  }
  if (is_empty) {
    ended_ = true;
    return;
  }
  const bool ends_blank = last_space_ + 1 == line_size;  // but for its CR
  const bool bad_request_line =
      is_request_ && line_index_ == 0 && (request_line_spaces_ != 2 || ends_blank);
  if (bad_request_line) error_ = {400, "the request line is not `method target version`"};
  ++line_index_;
}

}  // namespace sky::lb
