#include "cli/print_why.h"

#include <variant>

#include <fmt/format.h>

#include "adapters/json.h"
#include "cli/print_event.h"
#include "cli/print_otherwise.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "projections/timeline.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

const char* origin_text(core::Actor actor) {
  switch (actor) {
    case core::Actor::user: return "somebody asked for it";
    case core::Actor::cloud: return "the cloud said so";
    case core::Actor::probe: return "the replica answered so";
    case core::Actor::balancer: return "the endpoint saw it";
    case core::Actor::daemon: return "the daemon did it when it started or stopped";
    case core::Actor::controller: return "the controller decided it, as time went by";
    case core::Actor::unknown: break;
  }
  return "no cause is recorded";
}

std::string event_text(const core::Event& event) {
  return fmt::format("#{} {} {}: {}", event.seq.value, subject_text(event),
                     core::type_name(event.body), one_line(projections::sentence(event)));
}

constexpr std::size_t most_candidates_told = 12;  // a person reads no more; --json has all

std::string candidates_text(const core::Event& event, const std::string& indent) {
  const auto* placement = std::get_if<core::PlacementChosen>(&event.body);
  if (placement == nullptr) return "";
  std::string text;
  std::size_t told = 0;
  for (const core::Candidate& candidate : placement->candidates) {
    if (told >= most_candidates_told && !candidate.chosen) continue;
    ++told;
    text += fmt::format("{}{} {}{}\n", indent, candidate.chosen ? "->" : "  ",
                        projections::offer_text(candidate.offer),
                        candidate.note.empty() ? "" : ", " + one_line(candidate.note));
  }
  const std::size_t left = placement->candidates.size() - told;
  return left == 0 ? text : text + fmt::format("{}   and {} more\n", indent, left);
}

class WhyText {
 public:
  explicit WhyText(const WhyReport& report) : report_(report) {}

  std::string whole() const {
    std::string text = report_.moment ? moment_text(*report_.moment, report_.utc) + "\n" : "";
    text += chain_text(report_.answer.chain);
    if (!report_.answer.decision.empty())
      text +=
          "\nThe number of replicas was decided last by:\n" + chain_text(report_.answer.decision);
    return text + effects_text() + story_text();
  }

 private:
  std::string time_text(core::WallTime wall) const {
    return report_.utc ? utc_text(wall) : local_text(wall);
  }

  std::string alternatives_text(const core::Event& event, const std::string& indent) const {
    const auto found = report_.alternatives.find(event.seq);
    if (found == report_.alternatives.end()) return "";
    std::string text;
    for (const std::string& line : otherwise_lines(found->second, event, report_.utc))
      text += indent + (text.empty() ? "otherwise: " : "           ") + line + "\n";
    return text;
  }

  std::string details(const core::Event& event, const std::string& indent) const {
    return candidates_text(event, indent) + alternatives_text(event, indent);
  }

  std::string chain_text(const WhyAnswer::Chain& chain) const {
    std::string text;
    const core::Event* effect = nullptr;
    for (const core::Event* event : chain) {
      if (effect == nullptr) {
        text += fmt::format("{}  {}\n", time_text(event->time.wall), event_text(*event));
      } else {
        const core::Duration earlier = effect->time.at - event->time.at;
        text += fmt::format("  because, {} earlier, {}\n",
                            earlier.count() == 0 ? "0 s" : projections::duration_text(earlier),
                            event_text(*event));
      }
      text += details(*event, "      ");
      effect = event;
    }
    if (effect == nullptr) return "what led to it is not kept any more\n";
    if (effect->cause && effect->cause < effect->seq)
      return text + fmt::format("  because of #{}, which is no longer kept\n", effect->cause.value);
    return text + fmt::format("  and that has no earlier cause: {}\n", origin_text(effect->actor));
  }

  std::string effects_text() const {
    const WhyAnswer& answer = report_.answer;
    if (answer.effects.empty()) return "";
    std::string text = "\nIt led to:\n";
    for (const core::Event* event : answer.effects)
      text += fmt::format("  {}  {}\n", time_text(event->time.wall), event_text(*event));
    if (answer.more_effects > 0) text += fmt::format("  and {} more\n", answer.more_effects);
    return text;
  }

  std::string story_text() const {
    const auto& story = report_.answer.story;
    if (story.empty()) return "";
    const WhyQuestion& question = report_.question;
    std::string text =
        fmt::format("\nThe story of {}/{}:\n", question.service, question.replica.value);
    const core::Instant begin = story.front()->time.at;
    const std::string indent(40, ' ');
    for (const core::Event* event : story) {
      const std::string offset = "+" + projections::duration_text(event->time.at - begin);
      const std::string because =
          event->cause ? fmt::format("  [because #{}]", event->cause.value) : "";
      const bool own = event->replica == question.replica;
      text += fmt::format("  {} {:>10}  {}{}{}\n", time_text(event->time.wall), offset,
                          own ? "" : "replaced by ", event_text(*event), because);
      text += own ? details(*event, indent) : candidates_text(*event, indent);
    }
    return text;
  }

  const WhyReport& report_;
};

void write_events(adapters::JsonWriter& json, const char* key,
                  const std::vector<const core::Event*>& events) {
  json.key(key).begin_array();
  for (const core::Event* event : events) write_event(json, *event);
  json.end_array();
}

void write_alternatives(adapters::JsonWriter& json, const WhyReport& report) {
  json.key("otherwise").begin_array();
  std::map<core::Seq, const core::Event*> events;
  for (const auto* list : {&report.answer.chain, &report.answer.decision, &report.answer.story})
    for (const core::Event* event : *list) events[event->seq] = event;
  for (const auto& [seq, otherwise] : report.alternatives)
    if (const auto event = events.find(seq); event != events.end())
      write_otherwise(json, otherwise, *event->second, report.utc);
  json.end_array();
}

}  // namespace

std::string why_text(const WhyReport& report) { return WhyText(report).whole(); }

void write_why(adapters::JsonWriter& json, const WhyReport& report) {
  json.begin_object();
  write_events(json, "chain", report.answer.chain);
  write_events(json, "decision", report.answer.decision);
  write_events(json, "story", report.answer.story);
  write_events(json, "effects", report.answer.effects);
  json.member("more_effects", report.answer.more_effects);
  write_alternatives(json, report);
  if (report.moment) {
    json.key("moment");
    write_moment(json, *report.moment);
  }
  json.end_object();
}

}  // namespace sky::cli
