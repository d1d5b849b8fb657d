#include "cli/why.h"

#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "adapters/json.h"
#include "cli/print_event.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "projections/timeline.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

// Guesses that bound memory: about 200 MiB of events at most, and ten minutes of a busy service's
// probes and samples (a cause is nearly always seconds old).
constexpr std::size_t max_kept = 200'000;
constexpr std::size_t max_recent = 20'000;
constexpr std::size_t longest_chain = 64;  // a guess; real chains are about ten links

// Too many to tell, and rarely a cause.
bool is_noise(const core::EventBody& body) {
  return std::holds_alternative<core::TrafficSampled>(body) ||
         std::holds_alternative<core::ProbeAnswered>(body);
}

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

std::string candidates_text(const core::Event& event, const std::string& indent) {
  const auto* placement = std::get_if<core::PlacementChosen>(&event.body);
  if (placement == nullptr) return "";
  std::string text;
  for (const core::Candidate& candidate : placement->candidates)
    text += fmt::format("{}{} {}{}\n", indent, candidate.chosen ? "->" : "  ",
                        projections::offer_text(candidate.offer),
                        candidate.note.empty() ? "" : ", " + one_line(candidate.note));
  return text;
}

void write_events(adapters::JsonWriter& json, const char* key,
                  const std::vector<const core::Event*>& events) {
  json.key(key).begin_array();
  for (const core::Event* event : events) write_event(json, *event);
  json.end_array();
}

}  // namespace

WhyHistory::WhyHistory(WhyQuestion question) : question_(std::move(question)) {}

bool WhyHistory::is_about_question(const core::Event& event) const {
  if (question_.seq) return event.seq == question_.seq;
  if (event.service != question_.service || is_noise(event.body)) return false;
  return !question_.replica || event.replica == question_.replica;
}

void WhyHistory::keep(const core::Event& event) {
  kept_.emplace(event.seq, event);
  if (const auto cause = recent_.find(event.cause); cause != recent_.end())
    kept_.insert(recent_.extract(cause));
  while (kept_.size() > max_kept) kept_.erase(kept_.begin());
}

void WhyHistory::add(const core::Event& event) {
  if (question_.seq && event.seq > question_.seq) return;  // a later event is no cause
  const bool same_service =
      question_.seq || event.service.empty() || event.service == question_.service;
  if (!same_service) return;
  if (is_about_question(event)) subject_ = event.seq;
  const bool is_decision = std::holds_alternative<core::ScaleEvaluated>(event.body);
  if (is_decision && event.service == question_.service) decision_ = event.seq;
  if (!is_noise(event.body) || event.seq == question_.seq) return keep(event);
  recent_.emplace(event.seq, event);
  if (recent_.size() > max_recent) recent_.erase(recent_.begin());
}

WhyHistory::Chain WhyHistory::chain_from(core::Seq seq) const {
  Chain chain;
  while (seq && chain.size() < longest_chain) {
    const auto found = kept_.find(seq);
    if (found == kept_.end()) break;
    chain.push_back(&found->second);
    const core::Seq cause = found->second.cause;
    if (cause >= seq) break;  // a cause is older: anything else is damage
    seq = cause;
  }
  return chain;
}

std::vector<const core::Event*> WhyHistory::story_of_replica() const {
  std::vector<const core::Event*> story;
  std::set<core::Seq> own;
  for (const auto& [seq, event] : kept_) {
    const bool is_own = event.service == question_.service && event.replica == question_.replica;
    const bool is_replacement =
        std::holds_alternative<core::ReplicaPlanned>(event.body) && own.count(event.cause) != 0;
    if (is_own) own.insert(seq);
    if (is_own || is_replacement) story.push_back(&event);
  }
  return story;
}

core::Result<WhyHistory::Answer> WhyHistory::answer() const {
  if (!subject_) {
    std::string what = question_.service;
    if (question_.seq) what = fmt::format("an event #{}", question_.seq.value);
    if (question_.replica) what += fmt::format("/{}", question_.replica.value);
    return core::Error{core::ErrorCode::not_found,
                       "the log holds nothing about " + what + "; see `skyctl events`"};
  }
  Answer answer;
  answer.chain = chain_from(subject_);
  if (question_.replica) answer.story = story_of_replica();
  if (question_.seq || question_.replica || !decision_) return answer;
  for (const core::Event* event : answer.chain)
    if (event->seq == decision_) return answer;
  answer.decision = chain_from(decision_);
  return answer;
}

std::string WhyHistory::chain_text(const Chain& chain) const {
  std::string text;
  const core::Event* effect = nullptr;
  for (const core::Event* event : chain) {
    if (effect == nullptr) {
      text += fmt::format("{}  {}\n", utc_text(event->time.wall), event_text(*event));
    } else {
      const core::Duration earlier = effect->time.at - event->time.at;
      text += fmt::format("  because, {} earlier, {}\n",
                          earlier.count() == 0 ? "0 s" : projections::duration_text(earlier),
                          event_text(*event));
    }
    text += candidates_text(*event, "      ");
    effect = event;
  }
  if (effect == nullptr) return text;
  if (effect->cause && effect->cause < effect->seq)
    return text + fmt::format("  because of #{}, which is no longer kept\n", effect->cause.value);
  return text + fmt::format("  and that has no earlier cause: {}\n", origin_text(effect->actor));
}

std::string WhyHistory::story_text(const std::vector<const core::Event*>& story) const {
  if (story.empty()) return "";
  std::string text =
      fmt::format("\nThe story of {}/{}:\n", question_.service, question_.replica.value);
  const core::Instant begin = story.front()->time.at;
  for (const core::Event* event : story) {
    const std::string offset = "+" + projections::duration_text(event->time.at - begin);
    const std::string because =
        event->cause ? fmt::format("  [because #{}]", event->cause.value) : "";
    const bool own = event->replica == question_.replica;
    text += fmt::format("  {} {:>10}  {}{}{}\n", utc_text(event->time.wall), offset,
                        own ? "" : "replaced by ", event_text(*event), because);
    text += candidates_text(*event, "                                        ");
  }
  return text;
}

core::Result<std::string> WhyHistory::text() const {
  const auto found = answer();
  if (!found) return found.error();
  std::string text = chain_text(found->chain);
  if (!found->decision.empty())
    text += "\nThe number of replicas was decided last by:\n" + chain_text(found->decision);
  return text + story_text(found->story);
}

core::Result<std::string> WhyHistory::json() const {
  const auto found = answer();
  if (!found) return found.error();
  adapters::JsonWriter json;
  json.begin_object();
  write_events(json, "chain", found->chain);
  write_events(json, "decision", found->decision);
  write_events(json, "story", found->story);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace sky::cli
