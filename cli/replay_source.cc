#include "cli/replay_source.h"

#include <iostream>
#include <memory>
#include <utility>

#include "cli/history.h"
#include "cli/time_text.h"
#include "events/log.h"

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using core::Seq;

std::string number(Seq seq) { return "#" + std::to_string(seq.value); }

Result<std::filesystem::path> directory_of(const ReplaySource& source) {
  if (source.directory) {
    std::error_code failed;
    const bool is_home = std::filesystem::is_directory(*source.directory / "log", failed);
    return is_home ? *source.directory / "log" : *source.directory;
  }
  const auto home = find_home();
  if (!home) return home.error();
  return home->log();
}

Error begins_later(Seq first) {
  return {ErrorCode::not_found,
          "this log begins at " + number(first) + "; what came before is not kept any more"};
}

Result<void> read_log(const events::Log& log, Seq from, const EventVisitor& visit) {
  return log.read(from, [&](const events::Commit& commit, std::span<const std::byte>) {
    for (const core::Event& event : commit.events)
      if (event.seq >= from && !visit(event)) return false;
    return true;
  });
}

Result<std::optional<core::Event>> event_at(const events::Log& log, Seq seq) {
  std::optional<core::Event> found;
  if (seq < log.position().first_retained) return found;
  auto read = read_log(log, seq, [&](const core::Event& event) {
    found = event;
    return false;
  });
  if (!read) return read.error();
  return found;
}

Result<PastBase> with_time(const events::Log& log, FoldedLog folded) {
  PastBase base{std::move(folded.model), {}};
  const auto newest = event_at(log, base.model.seq);
  if (!newest) return newest.error();
  if (*newest && base.model.seq) base.now = (*newest)->time;
  return base;
}

// Nothing is the beginning of a whole log that is asked for before its first event.
Result<void> is_shown(const events::Log& log, const Moment& moment) {
  const auto oldest = sky::cli::oldest_base(log);
  if (!oldest) return oldest.error();
  if (!oldest->model.seq) return {};
  const Seq first = oldest->model.seq.next();
  const auto event = event_at(log, first);
  if (!event) return event.error();
  if (!*event || !moment.is_before(**event)) return {};
  return Error{ErrorCode::not_found,
               "that moment is not kept any more; the first that can be shown is " + number(first) +
                   ", at " + utc_text((*event)->time.wall) + " UTC"};
}

// No log yet is an empty past, as everywhere.
Result<std::unique_ptr<events::Log>> open_source(const ReplaySource& source) {
  const auto directory = directory_of(source);
  if (!directory) return directory.error();
  auto log = events::open_log_read_only(*directory);
  if (!log && log.error().code == ErrorCode::not_found && !source.directory)
    return std::unique_ptr<events::Log>();
  return log;
}

}  // namespace

Result<PastBase> oldest_base(const ReplaySource& source) {
  const auto log = open_source(source);
  if (!log) return log.error();
  if (!*log) return PastBase{};
  auto folded = oldest_base(**log);
  if (!folded) return folded.error();
  return with_time(**log, std::move(*folded));
}

Result<PastBase> base_at(const ReplaySource& source, const std::optional<Moment>& moment) {
  const auto log = open_source(source);
  if (!log) return log.error();
  if (!*log) return PastBase{};
  if (moment)
    if (auto shown = is_shown(**log, *moment); !shown) return shown.error();
  const Seq kept = (*log)->position().first_retained;
  auto folded = newest_base(**log, [&](Seq of) {
    if (!moment) return true;
    if (moment->seq) return of <= moment->seq;
    if (of < kept) return true;  // its own event is gone, the next one is not after the moment
    const auto event = event_at(**log, of);
    return event && *event && !moment->is_before(**event);
  });
  if (!folded) return folded.error();
  return with_time(**log, std::move(*folded));
}

Result<void> read_source(const ReplaySource& source, Seq from, const EventVisitor& visit) {
  if (source.directory) {
    const auto log = open_source(source);
    if (!log) return log.error();
    const Seq first = (*log)->position().first_retained;
    return first > from ? Result<void>(begins_later(first)) : read_log(**log, from, visit);
  }
  const auto home = find_home();
  if (!home) return home.error();
  Seq first;
  auto read = read_events(
      *home, from,
      [&](const core::Event& event) {
        if (!first) first = event.seq;
        return first == from && visit(event);
      },
      [](Seq) {});
  if (read && first > from) return begins_later(first);
  return read;
}

void say_where_past_begins(const PastBase& base) {
  if (base.model.seq)
    std::cerr << "skyctl: what happened before " << number(base.first())
              << " is not kept any more; this begins there\n";
}

}  // namespace sky::cli
