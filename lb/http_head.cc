#include "lb/http_head.h"

#include <array>
#include <utility>

namespace sky::lb {
namespace {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

struct KnownName {
  std::string_view name;  // lower case
  HeaderId id;
};

constexpr auto known_names = std::to_array<KnownName>({
    {"authorization", HeaderId::authorization},
    {"connection", HeaderId::connection},
    {"content-encoding", HeaderId::content_encoding},
    {"content-length", HeaderId::content_length},
    {"content-type", HeaderId::content_type},
    {"date", HeaderId::date},
    {"expect", HeaderId::expect},
    {"host", HeaderId::host},
    {"keep-alive", HeaderId::keep_alive},
    {"proxy-authenticate", HeaderId::proxy_authenticate},
    {"proxy-authorization", HeaderId::proxy_authorization},
    {"proxy-connection", HeaderId::proxy_connection},
    {"retry-after", HeaderId::retry_after},
    {"server", HeaderId::server},
    {"te", HeaderId::te},
    {"traceparent", HeaderId::traceparent},
    {"trailer", HeaderId::trailer},
    {"transfer-encoding", HeaderId::transfer_encoding},
    {"upgrade", HeaderId::upgrade},
    {"via", HeaderId::via},
    {"x-forwarded-for", HeaderId::x_forwarded_for},
    {"x-forwarded-host", HeaderId::x_forwarded_host},
    {"x-forwarded-proto", HeaderId::x_forwarded_proto},
    {"x-request-id", HeaderId::x_request_id},
    {"x-skyctl-replica", HeaderId::x_skyctl_replica},
    {"content_length", HeaderId::framing_twin},
    {"transfer_encoding", HeaderId::framing_twin},
});

}  // namespace

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (to_lower(left[i]) != to_lower(right[i])) return false;
  }
  return true;
}

std::string_view without_blanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

HeaderId identify_header(std::string_view name) {
  if (name.empty()) return HeaderId::other;
  const char first = to_lower(name.front());
  for (const KnownName& known : known_names) {
    if (known.name.size() != name.size() || known.name.front() != first) continue;
    if (equals_ignoring_case(known.name, name)) return known.id;
  }
  return HeaderId::other;
}

const Header* MessageHead::find(HeaderId id) const {
  for (const Header& header : headers) {
    if (header.id == id) return &header;
  }
  return nullptr;
}

std::string_view MessageHead::value_of(HeaderId id) const {
  const Header* header = find(id);
  return header == nullptr ? std::string_view() : header->value;
}

}  // namespace sky::lb
