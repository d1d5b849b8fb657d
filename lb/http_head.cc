#include "lb/http_head.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace sky::lb {
namespace {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::uint64_t word_at(std::string_view text, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

// Eight characters at once: the bit that tells cases apart is set where there is a capital. Sums
// of seven bits carry into the eighth from 'A' on, and from behind 'Z' on.
constexpr std::uint64_t eight_of(unsigned char byte) { return 0x0101010101010101U * byte; }
std::uint64_t in_lower_case(std::uint64_t word) {
  const std::uint64_t low = word & eight_of(0x7f);
  const std::uint64_t from_a = low + eight_of(0x80 - 'A');
  const std::uint64_t behind_z = low + eight_of(0x7f - 'Z');
  const std::uint64_t capitals = (from_a ^ behind_z) & ~word & eight_of(0x80);
  return word | capitals >> 2;
}
bool are_same_ignoring_case(std::uint64_t left, std::uint64_t right) {
  return left == right || in_lower_case(left) == in_lower_case(right);
}

constexpr std::size_t longest_name = 19;

struct KnownName {
  std::string_view name;  // lower case
  HeaderId id;
};

// By size: names of other sizes need not be looked at.
constexpr auto known_names = std::to_array<KnownName>({
    {"te", HeaderId::te},
    {"via", HeaderId::via},
    {"date", HeaderId::date},
    {"host", HeaderId::host},
    {"expect", HeaderId::expect},
    {"server", HeaderId::server},
    {"trailer", HeaderId::trailer},
    {"upgrade", HeaderId::upgrade},
    {"connection", HeaderId::connection},
    {"keep-alive", HeaderId::keep_alive},
    {"retry-after", HeaderId::retry_after},
    {"traceparent", HeaderId::traceparent},
    {"content-type", HeaderId::content_type},
    {"x-request-id", HeaderId::x_request_id},
    {"authorization", HeaderId::authorization},
    {"content-length", HeaderId::content_length},
    {"content_length", HeaderId::framing_twin},
    {"x-forwarded-for", HeaderId::x_forwarded_for},
    {"content-encoding", HeaderId::content_encoding},
    {"proxy-connection", HeaderId::proxy_connection},
    {"x-forwarded-host", HeaderId::x_forwarded_host},
    {"x-skyctl-replica", HeaderId::x_skyctl_replica},
    {"transfer-encoding", HeaderId::transfer_encoding},
    {"transfer_encoding", HeaderId::framing_twin},
    {"x-forwarded-proto", HeaderId::x_forwarded_proto},
    {"proxy-authenticate", HeaderId::proxy_authenticate},
    {"proxy-authorization", HeaderId::proxy_authorization},
});

struct Range {
  std::uint8_t begin = 0;
  std::uint8_t end = 0;
};
constexpr auto places_by_size = [] {
  std::array<Range, longest_name + 1> ranges{};
  for (std::size_t i = 0; i < known_names.size(); ++i) {
    Range& range = ranges[known_names[i].name.size()];
    if (range.end == 0) range.begin = static_cast<std::uint8_t>(i);
    range.end = static_cast<std::uint8_t>(i + 1);
  }
  return ranges;
}();

bool is_name(const KnownName& known, std::string_view name) {
  return to_lower(name.front()) == known.name.front() &&
         to_lower(name.back()) == known.name.back() && equals_ignoring_case(known.name, name);
}

}  // namespace

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  constexpr std::size_t step = sizeof(std::uint64_t);
  if (left.size() != right.size()) return false;
  if (left.size() < step) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (to_lower(left[i]) != to_lower(right[i])) return false;
    }
    return true;
  }
  const std::size_t last = left.size() - step;  // looked at twice in part, if need be
  for (std::size_t at = 0; at < last; at += step) {
    if (!are_same_ignoring_case(word_at(left, at), word_at(right, at))) return false;
  }
  return are_same_ignoring_case(word_at(left, last), word_at(right, last));
}

std::string_view without_blanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

HeaderId identify_header(std::string_view name) {
  if (name.size() >= places_by_size.size()) return HeaderId::other;
  const Range range = places_by_size[name.size()];
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (is_name(known_names[i], name)) return known_names[i].id;
  }
  return HeaderId::other;
}

}  // namespace sky::lb
