#include "cli/moment.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace sky::cli {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::optional<core::WallTime> utc_time(const std::string& text) {
  for (const char* format :
       {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    tm parts{};
    const char* end = ::strptime(text.c_str(), format, &parts);
    if (end == nullptr || (*end != '\0' && std::string_view(end) != "Z")) continue;
    return core::WallTime{core::seconds(::timegm(&parts))};
  }
  return {};
}

}  // namespace

std::optional<core::Duration> parse_span(std::string_view text) {
  if (text.size() < 2) return {};
  const auto count = whole_number(text.substr(0, text.size() - 1));
  constexpr std::uint64_t longest = 1'000'000;  // keeps the product inside 64 bits
  if (!count || *count > longest) return {};
  const auto value = static_cast<std::int64_t>(*count);
  switch (text.back()) {
    case 's': return core::seconds(value);
    case 'm': return core::seconds(value * 60);
    case 'h': return core::seconds(value * 3600);
    case 'd': return core::seconds(value * 86400);
    default: return {};
  }
}

core::Result<Moment> parse_moment(std::string_view option, std::string_view text,
                                  core::WallTime now) {
  const std::string_view digits = text.starts_with('#') ? text.substr(1) : text;
  if (const auto seq = whole_number(digits))
    return Moment{core::Seq{std::max<std::uint64_t>(*seq, 1)}, {}};
  if (const auto span = parse_span(text)) return Moment{{}, now - *span};
  if (const auto time = utc_time(std::string(text))) return Moment{{}, *time};
  return core::Error{core::ErrorCode::usage,
                     std::string(option) + " " + std::string(text) +
                         ": say a sequence (42), a time ago (10m), or a UTC time "
                         "(2026-11-23T19:20:00)"};
}

}  // namespace sky::cli
