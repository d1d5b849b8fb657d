#include "cli/time_text.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <utility>

#include <fmt/format.h>

namespace sky::cli {
namespace {

struct Split {
  std::tm calendar{};
  std::int64_t us = 0;
};

Split split(core::WallTime wall, bool local) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
  const std::time_t time = static_cast<std::time_t>(seconds.time_since_epoch().count());
  Split result;
  result.us = (wall - seconds).count();
  if (local)
    localtime_r(&time, &result.calendar);
  else
    gmtime_r(&time, &result.calendar);
  return result;
}

std::string calendar_text(const std::tm& t, char between) {
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, between, t.tm_hour, t.tm_min, t.tm_sec);
}

std::string milliseconds_text(const Split& at) {
  return fmt::format("{}.{:03}", calendar_text(at.calendar, ' '), at.us / 1000);
}

}  // namespace

std::string utc_text(core::WallTime wall) { return milliseconds_text(split(wall, false)); }
std::string local_text(core::WallTime wall) { return milliseconds_text(split(wall, true)); }

std::string iso_text(core::WallTime wall) {
  const Split at = split(wall, false);
  return fmt::format("{}.{:06}Z", calendar_text(at.calendar, 'T'), at.us);
}

std::string ago_text(core::Duration ago) {
  const std::int64_t seconds = std::max<std::int64_t>(0, core::whole_seconds(ago));
  static constexpr std::pair<std::int64_t, const char*> units[] = {
      {7 * 86'400, "week"}, {86'400, "day"}, {3'600, "hr"}, {60, "min"}};
  for (const auto& [length, name] : units)
    if (seconds >= length)
      return fmt::format("{} {}{} ago", seconds / length, name, seconds / length == 1 ? "" : "s");
  return fmt::format("{} sec{} ago", seconds, seconds == 1 ? "" : "s");
}

std::string uptime_text(core::Duration uptime) {
  std::int64_t seconds = std::max<std::int64_t>(0, core::whole_seconds(uptime));
  static constexpr std::pair<std::int64_t, const char*> units[] = {
      {7 * 86'400, "w"}, {86'400, "d"}, {3'600, "h"}, {60, "m"}, {1, "s"}};
  std::string text;
  for (const auto& [length, name] : units) {
    if (seconds / length > 0)
      text += fmt::format("{}{}{}", text.empty() ? "" : " ", seconds / length, name);
    seconds %= length;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace sky::cli
