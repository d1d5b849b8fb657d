// The line structure of a message head, checked byte by byte beside llhttp.
//
// llhttp 8.1, strict build too, lets through folded values, empty names and a loose request line,
// and it hides where lines ended. This scan finds the end of the head on its own; the parser then
// demands that llhttp found the same end, so one of the two being fooled is not enough.
#pragma once

#include <cstddef>
#include <string_view>

namespace sky::lb {

struct HttpError {
  int status = 0;  // what to answer a client; a proxy answers 502 for a bad response
  const char* text = "";  // static
  explicit operator bool() const { return status != 0; }
};

inline constexpr std::size_t max_head_bytes = 64 * 1024;  // reference: common servers 8 - 64 KiB
inline constexpr std::size_t max_target_bytes = 8 * 1024;
inline constexpr std::size_t max_headers = 100;

class HeadLines {
 public:
  HeadLines(bool is_request, std::size_t max_bytes)
      : is_request_(is_request), max_bytes_(max_bytes) {}

  // Takes bytes of the head and returns how many of them belong to it. ended() tells that the last
  // of these finished the empty line; an error() stops everything.
  std::size_t scan(std::string_view bytes);

  bool ended() const { return ended_; }
  bool started() const { return line_index_ > 0 || line_bytes_ > 0; }
  const HttpError& error() const { return error_; }

 private:
  void add_part(std::string_view part);  // no LF in it
  void end_line();

  bool is_request_;
  std::size_t max_bytes_;
  bool ended_ = false;
  bool line_has_cr_ = false;  // a CR was seen: only LF may follow
  std::size_t line_index_ = 0;
  std::size_t line_bytes_ = 0;  // of the present line, so far
  std::size_t head_bytes_ = 0;
  std::size_t request_line_spaces_ = 0;
  std::size_t last_space_ = 0;  // in the request line: its place, from 1 on
  HttpError error_;
};

}  // namespace sky::lb
