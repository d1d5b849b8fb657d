#include "cli/event_filter.h"

#include <strings.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;

template <std::size_t... Index>
std::vector<std::string> names_of_types(std::index_sequence<Index...>) {
  return {core::type_name(core::EventBody{std::in_place_index<Index>})...};
}

const std::vector<std::string>& all_types() {
  static const std::vector<std::string> names =
      names_of_types(std::make_index_sequence<std::variant_size_v<core::EventBody>>{});
  return names;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::optional<core::Duration> ago(std::string_view text) {
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

bool matches(const EventFilter& filter, const core::Event& event) {
  if (event.seq < filter.first) return false;
  if (filter.not_before && event.time.wall < *filter.not_before) return false;
  if (!filter.service.empty() && event.service != filter.service) return false;
  if (filter.replica && event.replica != filter.replica) return false;
  return filter.types.empty() || std::find(filter.types.begin(), filter.types.end(),
                                           core::type_name(event.body)) != filter.types.end();
}

core::Result<void> set_since(EventFilter& filter, std::string_view text, core::WallTime now) {
  const std::string_view digits = text.starts_with('#') ? text.substr(1) : text;
  if (const auto seq = whole_number(digits)) {
    filter.first = core::Seq{*seq};
  } else if (const auto duration = ago(text)) {
    filter.not_before = now - *duration;
  } else if (const auto time = utc_time(std::string(text))) {
    filter.not_before = *time;
  } else {
    return Error{ErrorCode::usage, "--since " + std::string(text) +
                                       ": say a sequence (42), a time ago (10m), or a UTC time "
                                       "(2026-11-23T19:20:00)"};
  }
  return {};
}

core::Result<void> add_type(EventFilter& filter, std::string_view text) {
  const std::string wanted(text);
  std::string like;
  for (const std::string& name : all_types()) {
    if (::strcasecmp(name.c_str(), wanted.c_str()) == 0) {
      filter.types.push_back(name);
      return {};
    }
    if (::strncasecmp(name.c_str(), wanted.c_str(), std::min<std::size_t>(4, wanted.size())) == 0)
      like += (like.empty() ? "" : ", ") + name;
  }
  std::string known;
  for (const std::string& name : all_types()) known += (known.empty() ? "" : ", ") + name;
  return Error{ErrorCode::usage, "--type " + wanted + ": no such event type; " +
                                     (like.empty() ? "known are: " + known : "near: " + like)};
}

}  // namespace sky::cli
