#include "lb/head_checks.h"

#include <algorithm>
#include <array>

namespace sky::lb {
namespace {

// Looked up, because every byte of every name goes through here.
constexpr std::array<bool, 256> table_of(std::string_view marks) {
  std::array<bool, 256> table{};
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (const char c : marks) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> token_chars = table_of("!#$%&'*+-.^_`|~");
constexpr std::array<bool, 256> host_chars = table_of("-._~:[]%!$&'()*+;=");

bool consists_of(const std::array<bool, 256>& chars, std::string_view text) {
  for (const char c : text) {
    if (!chars[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

// Rules both kinds of message share: one length, and nothing that another server could read as one.
HttpError check_framing(const MessageHead& head) {
  const HeaderIndex& index = head.index;
  const bool has_encoding = index.has(HeaderId::transfer_encoding);
  if (has_encoding) {
    for (const Header& header : head.headers) {
      if (header.id != HeaderId::transfer_encoding) continue;
      if (!equals_ignoring_case(header.value, "chunked")) {
        return {501, "a transfer encoding other than chunked"};
      }
    }
  }
  if (index.has(HeaderId::framing_twin)) {
    return {400, "a header that some servers read as framing"};
  }
  if (index.repeats(HeaderId::content_length)) return {400, "more than one content-length"};
  if (!has_encoding) return {};
  if (index.repeats(HeaderId::transfer_encoding)) return {400, "more than one transfer-encoding"};
  if (index.has(HeaderId::content_length)) return {400, "content-length beside transfer-encoding"};
  if (head.minor_version == 0) return {400, "transfer-encoding in HTTP/1.0"};
  return {};
}

HttpError check_host(MessageHead& head) {
  if (head.index.repeats(HeaderId::host)) return {400, "more than one host"};
  if (!head.has(HeaderId::host)) {
    return head.minor_version == 0 ? HttpError{} : HttpError{400, "no host in HTTP/1.1"};
  }
  head.host = head.value_of(HeaderId::host);
  if (head.host.empty() || !consists_of(host_chars, head.host)) {
    return {400, "a host that is none"};
  }
  return {};
}

// "http://host:port/path?query" -> "/path?query"; the authority must be what Host says.
HttpError to_origin_form(MessageHead& head, std::string_view after_scheme, std::string& storage) {
  const std::size_t end = std::min(after_scheme.find_first_of("/?"), after_scheme.size());
  const std::string_view authority = after_scheme.substr(0, end);
  if (authority.empty()) return {400, "an absolute target without authority"};
  if (!head.host.empty() && !equals_ignoring_case(authority, head.host)) {
    return {400, "the target's authority differs from the host"};
  }
  if (!consists_of(host_chars, authority)) {
    return {400, "an absolute target with a bad authority"};
  }
  const std::string_view rest = after_scheme.substr(end);
  if (!rest.empty() && rest.front() == '/') {
    head.target = rest;
    return {};
  }
  storage.assign("/").append(rest);
  head.target = storage;
  return {};
}

HttpError check_target(MessageHead& head, std::string& storage) {
  if (head.target.size() > max_target_bytes) return {414, "the target is too long"};
  if (head.target.starts_with('/')) return {};
  if (head.target == "*") {
    return head.method == "OPTIONS" ? HttpError{} : HttpError{400, "`*` asked of another method"};
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(head.target.substr(0, scheme.size()), scheme)) {
      return to_origin_form(head, head.target.substr(scheme.size()), storage);
    }
  }
  return {400, "a target that is neither a path nor an absolute URL"};
}

HttpError check_expect(MessageHead& head) {
  if (!head.has(HeaderId::expect)) return {};
  for (const Header& header : head.headers) {
    if (header.id != HeaderId::expect) continue;
    if (!equals_ignoring_case(header.value, "100-continue")) {
      return {417, "an expectation other than 100-continue"};
    }
    head.expects_continue = head.minor_version == 1;  // RFC 9110 10.1.1: ignored in 1.0
  }
  return {};
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && consists_of(token_chars, text); }

HttpError check_request(MessageHead& head, std::string& storage) {
  if (head.method == "CONNECT") return {501, "CONNECT is not offered"};
  if (HttpError error = check_framing(head)) return error;
  if (HttpError error = check_host(head)) return error;
  if (HttpError error = check_target(head, storage)) return error;
  return check_expect(head);
}

HttpError check_response(const MessageHead& head) {
  if (head.status < 100 || head.status > 599) return {502, "a status outside 100 to 599"};
  return check_framing(head);
}

}  // namespace sky::lb
