#include "cli/replay.h"

#include <algorithm>
#include <utility>

#include "adapters/json.h"
#include "cli/print_event.h"
#include "cli/replay_verify.h"
#include "events/log.h"

namespace sky::cli {
namespace {

core::Error truncated(core::Seq first) {
  return {core::ErrorCode::not_found, "this log begins at #" + std::to_string(first.value) +
                                          "; what came before was truncated, and with it the past"};
}

core::Result<void> read_directory(const std::filesystem::path& directory, core::Seq from,
                                  const EventVisitor& visit) {
  std::error_code failed;
  const bool is_home = std::filesystem::is_directory(directory / "log", failed);
  auto log = events::open_log_read_only(is_home ? directory / "log" : directory);
  if (!log) return log.error();
  const core::Seq first = (*log)->position().first_retained;
  if (first > from) return truncated(first);
  return (*log)->read(from, [&](const events::Commit& commit, std::span<const std::byte>) {
    for (const core::Event& event : commit.events)
      if (event.seq >= from && !visit(event)) return false;
    return true;
  });
}

core::Result<std::optional<core::Event>> read_one(const ReplaySource& source, core::Seq seq) {
  std::optional<core::Event> found;
  if (!seq) return found;
  auto read = read_source(source, seq, [&](const core::Event& event) {
    if (event.seq == seq) found = event;
    return false;
  });
  if (!read) return read.error();
  return found;
}

std::string line_of(const std::optional<core::Event>& event, const char* nothing) {
  return event ? event_line(*event, {}) : nothing;
}

std::string divergence_text(const Divergence& found, const std::optional<core::Event>& cause) {
  const core::Event& first = found.recorded ? *found.recorded : *found.again;
  std::string text = "#" + std::to_string(first.seq.value) + " is decided differently";
  if (found.recorded && found.again) text += ": " + difference_text(*found.recorded, *found.again);
  text += "\n  recorded  " + line_of(found.recorded, "nothing more: the log ends here");
  text += "\n  again     " + line_of(found.again, "nothing is decided here");
  text += "\n  because   " + line_of(cause, "nothing in the log led to it");
  return text + "\n";
}

std::string divergence_json(const Divergence& found, const DecisionCheck& check) {
  adapters::JsonWriter json;
  json.begin_object()
      .member("identical", false)
      .member("events", check.events())
      .member("decisions", check.decisions())
      .member("unasked", check.unasked());
  if (found.recorded && found.again)
    json.member("difference", difference_text(*found.recorded, *found.again));
  for (const auto& [name, event] :
       {std::pair{"recorded", &found.recorded}, {"again", &found.again}}) {
    json.key(name);
    if (*event)
      write_event(json, **event);
    else
      json.null();
  }
  json.end_object();
  return json.take() + "\n";
}

std::string identical_text(const DecisionCheck& check, bool as_json) {
  if (as_json) {
    adapters::JsonWriter json;
    json.begin_object()
        .member("identical", true)
        .member("events", check.events())
        .member("decisions", check.decisions())
        .member("unasked", check.unasked())
        .end_object();
    return json.take() + "\n";
  }
  std::string text = std::to_string(check.events()) + " events, " +
                     std::to_string(check.decisions()) + " decisions: identical\n";
  if (check.unasked() > 0)
    text += std::to_string(check.unasked()) + " more were recorded beside the decisions.\n";
  return text;
}

}  // namespace

core::Result<void> read_source(const ReplaySource& source, core::Seq from,
                               const EventVisitor& visit) {
  if (source.directory) return read_directory(*source.directory, from, visit);
  const auto home = find_home();
  if (!home) return home.error();
  core::Seq first;
  auto read = read_events(*home, from, [&](const core::Event& event) {
    if (!first) first = event.seq;
    return first == from && visit(event);
  });
  if (read && first > from) return truncated(first);
  return read;
}

bool PastFold::add(const core::Event& event) {
  if (until_ && until_->is_before(event)) {
    next_ = event.time.at;
    return false;
  }
  projections::evolve(past_.model, event);
  past_.now = event.time;
  return true;
}

PastState PastFold::take() {
  core::Stamp& now = past_.now;
  if (until_ && until_->wall && *until_->wall > now.wall && past_.model.seq) {
    const core::Instant then = now.at + (*until_->wall - now.wall);
    now = {next_ ? std::min(then, *next_) : then, *until_->wall};
  }
  return std::move(past_);
}

core::Result<PastState> state_at(const ReplaySource& source, const std::optional<Moment>& until) {
  PastFold fold(until);
  auto read =
      read_source(source, core::Seq{1}, [&](const core::Event& event) { return fold.add(event); });
  if (!read) return read.error();
  return fold.take();
}

core::Result<VerifyAnswer> verify_decisions(const ReplaySource& source,
                                            const std::optional<Moment>& until, bool json) {
  DecisionCheck check;
  bool is_cut = false;
  auto read = read_source(source, core::Seq{1}, [&](const core::Event& event) {
    is_cut = until && until->is_before(event);
    if (!is_cut) check.add(event);
    return !is_cut && !check.divergence();
  });
  if (!read) return read.error();
  check.finish();
  const auto& found = check.divergence();
  if (!found || (is_cut && !found->recorded))
    return VerifyAnswer{true, identical_text(check, json)};
  if (json) return VerifyAnswer{false, divergence_json(*found, check)};
  const auto cause = read_one(source, (found->recorded ? *found->recorded : *found->again).cause);
  if (!cause) return cause.error();
  return VerifyAnswer{false, divergence_text(*found, *cause)};
}

}  // namespace sky::cli
