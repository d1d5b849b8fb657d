#include "cli/why.h"

#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace sky::cli {
namespace {

// Guesses that bound memory: about 200 MiB of events at most, and ten minutes of a busy service's
// probes and samples (a cause is nearly always seconds old).
constexpr std::size_t max_kept = 200'000;
constexpr std::size_t max_recent = 20'000;
constexpr std::size_t most_effects = 12;  // of one event: a person reads no more
constexpr std::size_t longest_chain = 64;  // a guess; real chains are about ten links

// Too many to tell, and rarely a cause.
bool is_noise(const core::EventBody& body) {
  return std::holds_alternative<core::TrafficSampled>(body) ||
         std::holds_alternative<core::ProbeAnswered>(body);
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
  if (question_.seq && event.seq > question_.seq) {  // a later event is no cause
    if (event.cause != question_.seq) return;
    if (effects_.size() < most_effects)
      effects_.push_back(event);
    else
      ++more_effects_;
    return;
  }
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

WhyAnswer::Chain WhyHistory::chain_from(core::Seq seq) const {
  WhyAnswer::Chain chain;
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

core::Result<WhyAnswer> WhyHistory::answer() const {
  if (!subject_) {
    std::string what = question_.service;
    if (question_.seq) what = fmt::format("an event #{}", question_.seq.value);
    if (question_.replica) what += fmt::format("/{}", question_.replica.value);
    return core::Error{core::ErrorCode::not_found,
                       "the log holds nothing about " + what + "; see `skyctl events`"};
  }
  WhyAnswer answer;
  answer.chain = chain_from(subject_);
  if (question_.replica) answer.story = story_of_replica();
  for (const core::Event& event : effects_) answer.effects.push_back(&event);
  answer.more_effects = more_effects_;
  if (question_.seq || question_.replica || !decision_) return answer;
  for (const core::Event* event : answer.chain)
    if (event->seq == decision_) return answer;
  answer.decision = chain_from(decision_);
  return answer;
}

std::set<core::Seq> WhyAnswer::decisions() const {
  std::set<core::Seq> asked;
  for (const core::Event* event : chain) asked.insert(event->seq);
  for (const core::Event* event : decision) asked.insert(event->seq);
  std::map<std::size_t, core::Seq> newest;
  for (const core::Event* event : story) newest[event->body.index()] = event->seq;
  for (const auto& [type, seq] : newest) asked.insert(seq);
  return asked;
}

AlternativesFold::AlternativesFold(std::set<core::Seq> asked, projections::Model before)
    : asked_(std::move(asked)), before_(std::move(before)) {}

bool AlternativesFold::add(const core::Event& event) {
  if (asked_.empty() || event.seq > *asked_.rbegin()) return false;
  if (asked_.contains(event.seq)) {
    projections::Otherwise found = projections::otherwise(before_, event);
    if (!std::holds_alternative<std::monostate>(found)) found_.emplace(event.seq, std::move(found));
  }
  projections::evolve(before_, event);
  return event.seq < *asked_.rbegin();
}

}  // namespace sky::cli
