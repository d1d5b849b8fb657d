#include "adapters/utc_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>

namespace sky::adapters {
namespace {

struct Fields {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

bool read_number(std::string_view text, std::size_t begin, std::size_t size, int& value) {
  if (begin + size > text.size()) return false;
  const std::string_view part = text.substr(begin, size);
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
  return error == std::errc() && end == part.data() + part.size() && value >= 0;
}

std::optional<core::WallTime> moment_of(const Fields& fields) {
  using namespace std::chrono;
  const year_month_day date{year{fields.year}, month(static_cast<unsigned>(fields.month)),
                            day(static_cast<unsigned>(fields.day))};
  if (!date.ok() || fields.hour > 23 || fields.minute > 59 || fields.second > 60) return {};
  const auto moment = sys_days{date} + hours{fields.hour} + minutes{fields.minute} +
                      std::chrono::seconds{fields.second};
  return core::WallTime(duration_cast<core::Duration>(moment.time_since_epoch()));
}

// "Z" or "+01:00", as a span east of Greenwich.
std::optional<core::Duration> read_offset(std::string_view text) {
  if (text == "Z") return core::Duration{0};
  int hours = 0, minutes = 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
      !read_number(text, 1, 2, hours) || !read_number(text, 4, 2, minutes))
    return {};
  const core::Duration span = core::seconds(hours * 3600 + minutes * 60);
  return text[0] == '+' ? span : -span;
}

}  // namespace

std::optional<core::WallTime> read_iso_time(std::string_view text) {
  Fields fields;
  const bool is_shaped = text.size() >= 20 && text[4] == '-' && text[7] == '-' &&
                         (text[10] == 'T' || text[10] == ' ') && text[13] == ':' && text[16] == ':';
  if (!is_shaped || !read_number(text, 0, 4, fields.year) ||
      !read_number(text, 5, 2, fields.month) || !read_number(text, 8, 2, fields.day) ||
      !read_number(text, 11, 2, fields.hour) || !read_number(text, 14, 2, fields.minute) ||
      !read_number(text, 17, 2, fields.second))
    return {};
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.'))
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  const auto offset = read_offset(rest);
  const auto moment = moment_of(fields);
  if (!offset || !moment) return {};
  return *moment - *offset;
}

std::optional<core::WallTime> read_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  Fields fields;
  if (text.size() != 29 || text[3] != ',' || text.substr(26) != "GMT") return {};
  const std::size_t month = months.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0 || !read_number(text, 5, 2, fields.day) ||
      !read_number(text, 12, 4, fields.year) || !read_number(text, 17, 2, fields.hour) ||
      !read_number(text, 20, 2, fields.minute) || !read_number(text, 23, 2, fields.second))
    return {};
  fields.month = static_cast<int>(month / 3) + 1;
  return moment_of(fields);
}

std::string iso_time(core::WallTime wall) {
  using namespace std::chrono;
  const sys_time<core::Duration> time(wall.time_since_epoch());
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<std::chrono::seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace sky::adapters
