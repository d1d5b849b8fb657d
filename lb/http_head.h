// The head of an HTTP/1.x message as values, and the header names this program treats specially.
//
// Views point into the parser's own buffer and live until its next message starts; whoever needs a
// head longer copies it. Not here: reading bytes (http_parser.h) and judging heads (head_checks.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sky::lb {

// Where one message ends and the next begins is decided by few headers; hop-by-hop ones must not
// be forwarded. Everything else is `other`.
enum class HeaderId : std::uint8_t {
  other,
  authorization,
  connection,
  content_encoding,
  content_length,
  content_type,
  date,
  expect,
  host,
  keep_alive,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  retry_after,
  server,
  te,
  traceparent,
  trailer,
  transfer_encoding,
  upgrade,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_request_id,
  x_skyctl_replica,
  framing_twin,  // "content_length", "transfer_encoding": some servers read _ as -
};
inline constexpr std::size_t header_id_count = 27;

struct Header {
  std::string_view name;
  std::string_view value;  // without blanks around it
  HeaderId id = HeaderId::other;
  bool is_plain_line = false;  // it came as "name: value\r\n"
  std::string_view line() const {  // the whole of that
    return {name.data(), name.size() + 2 + value.size() + 2};
  }
};

// Where the known ones are among at most max_headers.
class HeaderIndex {
 public:
  void note(HeaderId id, std::size_t place) {
    std::uint8_t& first = first_[static_cast<std::size_t>(id)];
    if (first == 0) {
      first = static_cast<std::uint8_t>(place + 1);
    } else {
      repeated_ |= std::uint32_t{1} << static_cast<unsigned>(id);
    }
  }
  bool has(HeaderId id) const { return first_[static_cast<std::size_t>(id)] != 0; }
  bool repeats(HeaderId id) const { return (repeated_ >> static_cast<unsigned>(id) & 1) != 0; }
  std::size_t first(HeaderId id) const { return first_[static_cast<std::size_t>(id)] - 1U; }

 private:
  std::array<std::uint8_t, header_id_count> first_{};  // its place + 1
  std::uint32_t repeated_ = 0;
};

enum class Framing : std::uint8_t { none, content_length, chunked, until_close };

struct MessageHead {
  // of a request
  std::string_view method;
  std::string_view target;  // origin form ("/path?query"), or "*"
  std::string_view host;  // empty only in HTTP/1.0

  // of a response
  int status = 0;
  std::string_view reason;

  std::uint8_t minor_version = 1;  // HTTP/1.0 or HTTP/1.1
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = false;  // the sender lets the connection live after this message
  bool expects_continue = false;
  bool wants_upgrade = false;  // never granted by the parser: it is for the caller to refuse
  std::span<const Header> headers;
  HeaderIndex index;  // of `headers`

  bool has(HeaderId id) const { return index.has(id); }
  std::string_view value_of(HeaderId id) const {  // first value; empty when absent
    return has(id) ? headers[index.first(id)].value : std::string_view();
  }
};

HeaderId identify_header(std::string_view name);
bool equals_ignoring_case(std::string_view left, std::string_view right);
std::string_view without_blanks(std::string_view text);

// Calls `use(token)` for every non-empty element of a comma separated list.
template <class Use>
void for_each_token(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view token = without_blanks(list.substr(0, comma));
    if (!token.empty()) use(token);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace sky::lb
