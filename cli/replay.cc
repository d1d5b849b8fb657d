#include "cli/replay.h"

#include <algorithm>
#include <utility>

#include "adapters/json.h"
#include "cli/print_event.h"
#include "cli/replay_verify.h"

namespace sky::cli {
namespace {

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

std::string line_of(const std::optional<core::Event>& event, bool utc, const char* nothing) {
  return event ? event_line(*event, {.utc = utc}) : nothing;
}

std::string divergence_text(const Divergence& found, const std::optional<core::Event>& cause,
                            bool utc) {
  const core::Event& first = found.recorded ? *found.recorded : *found.again;
  std::string text = "#" + std::to_string(first.seq.value) + " is decided differently";
  if (found.recorded && found.again) text += ": " + difference_text(*found.recorded, *found.again);
  text += "\n  recorded  " + line_of(found.recorded, utc, "nothing more: the log ends here");
  text += "\n  again     " + line_of(found.again, utc, "nothing is decided here");
  text += "\n  because   " + line_of(cause, utc, "nothing in the log led to it");
  return text + "\n";
}

std::string divergence_json(const Divergence& found, const DecisionCheck& check, core::Seq first) {
  adapters::JsonWriter json;
  json.begin_object()
      .member("identical", false)
      .member("first", first.value)
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

std::string identical_text(const DecisionCheck& check, core::Seq first, bool as_json) {
  if (as_json) {
    adapters::JsonWriter json;
    json.begin_object()
        .member("identical", true)
        .member("first", first.value)
        .member("events", check.events())
        .member("decisions", check.decisions())
        .member("unasked", check.unasked())
        .end_object();
    return json.take() + "\n";
  }
  std::string text = std::to_string(check.events()) + " events, " +
                     std::to_string(check.decisions()) + " decisions: identical\n";
  if (first.value > 1)
    text += "They begin at #" + std::to_string(first.value) +
            "; what came before is not kept any more.\n";
  if (check.unasked() > 0)
    text += std::to_string(check.unasked()) + " more were recorded beside the decisions.\n";
  return text;
}

}  // namespace

PastFold::PastFold(std::optional<Moment> until, PastBase base) : until_(until) {
  past_.model = std::move(base.model);
  if (base.now) past_.now = *base.now;
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
  auto base = base_at(source, until);
  if (!base) return base.error();
  const core::Seq first = base->first();
  PastFold fold(until, std::move(*base));
  auto read = read_source(source, first, [&](const core::Event& event) { return fold.add(event); });
  if (!read) return read.error();
  return fold.take();
}

core::Result<VerifyAnswer> verify_decisions(const ReplaySource& source,
                                            const std::optional<Moment>& until, bool json,
                                            bool utc) {
  auto base = oldest_base(source);
  if (base && base->model.seq && until)
    if (auto shown = base_at(source, until); !shown) return shown.error();
  if (!base) return base.error();
  const core::Seq first = base->first();
  DecisionCheck check(std::move(base->model));
  bool is_cut = false;
  auto read = read_source(source, first, [&](const core::Event& event) {
    is_cut = until && until->is_before(event);
    if (!is_cut) check.add(event);
    return !is_cut && !check.divergence();
  });
  if (!read) return read.error();
  check.finish();
  const auto& found = check.divergence();
  if (!found || (is_cut && !found->recorded))
    return VerifyAnswer{true, identical_text(check, first, json)};
  if (json) return VerifyAnswer{false, divergence_json(*found, check, first)};
  const core::Seq seq = (found->recorded ? *found->recorded : *found->again).cause;
  const auto cause = read_one(source, seq >= first ? seq : core::Seq{});
  if (!cause) return cause.error();
  return VerifyAnswer{false, divergence_text(*found, *cause, utc)};
}

}  // namespace sky::cli
