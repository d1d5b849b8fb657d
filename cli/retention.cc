#include "cli/retention.h"

#include <algorithm>
#include <utility>

namespace sky::cli {
namespace {

using core::Instant;
using core::Result;
using core::Seq;

struct Limits {
  Seq needed;  // something open needs it
  std::optional<Seq> follower;  // waited for
};

// The first event at `time` or later on the log's clock; none when the oldest one is.
Result<std::optional<Seq>> first_at(const events::Log& log, Instant time) {
  Seq found = log.position().durable.next();
  bool is_oldest = true;
  auto read = log.read(Seq{}, [&](const events::Commit& commit, std::span<const std::byte>) {
    for (const core::Event& event : commit.events) {
      if (event.time.at >= time) {
        found = event.seq;
        return false;
      }
      is_oldest = false;
    }
    return true;
  });
  if (!read) return read.error();
  return is_oldest ? std::optional<Seq>() : std::optional(found);
}

Result<std::optional<Seq>> due_by_age(const events::Log& log, core::Duration max_age, Instant now) {
  const auto due = first_at(log, now - max_age);
  if (!due || !*due) return due;
  return first_at(log, now - (max_age - max_age / spare_share));
}

// The first event with which the rest is small enough, found by halving.
Result<std::optional<Seq>> due_by_size(const events::Log& log, std::uint64_t max_bytes) {
  const events::Position position = log.position();
  const auto all = log.stored_bytes(position.first_retained);
  if (!all) return all.error();
  if (*all <= max_bytes) return std::optional<Seq>();
  const std::uint64_t wanted = max_bytes - max_bytes / spare_share;
  std::uint64_t low = position.first_retained.value, high = position.durable.value;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto rest = log.stored_bytes(Seq{middle});
    if (!rest) return rest.error();
    *rest <= wanted ? high = middle : low = middle + 1;
  }
  return std::optional(Seq{low});
}

// In the tender's background. Whether a follower is what keeps events that are due is in `waits`.
Result<std::optional<Cut>> possible_cut(const events::Log& log, const RetentionPolicy& policy,
                                        Instant now, const Limits& limits, bool& waits) {
  auto cut = due_cut(log, policy, now);
  if (!cut || !*cut) return cut;
  Seq& before = (*cut)->before;
  before = std::min(before, limits.needed);
  waits = limits.follower && *limits.follower < before;
  if (waits) before = *limits.follower;
  // Without any snapshot the tender takes the first one. Else, a snapshot for nothing would be
  // recorded at each look.
  const auto allowed = allowed_cut(log, before);
  if (allowed && *allowed <= log.position().first_retained) return std::optional<Cut>();
  return cut;
}

}  // namespace

Result<std::optional<Cut>> due_cut(const events::Log& log, const RetentionPolicy& policy,
                                   Instant now) {
  std::optional<Cut> cut;
  if (!log.position().durable) return cut;
  if (policy.max_age) {
    const auto due = due_by_age(log, *policy.max_age, now);
    if (!due) return due.error();
    if (*due) cut = Cut{**due, "older than " + span_text(*policy.max_age)};
  }
  if (policy.max_bytes) {
    const auto due = due_by_size(log, *policy.max_bytes);
    if (!due) return due.error();
    if (*due && (!cut || **due > cut->before))
      cut = Cut{**due, "larger than " + size_text(*policy.max_bytes)};
  }
  return cut;
}

std::string policy_text(const RetentionPolicy& policy) {
  if (policy.keeps_everything()) return "all events stay";
  std::string text;
  if (policy.max_age) text = "events older than " + span_text(*policy.max_age) + " go";
  if (policy.max_bytes)
    text += (text.empty() ? "" : ", and ") + std::string("the oldest of more than ") +
            size_text(*policy.max_bytes) + " go";
  return text;
}

Retention::Retention(core::Scheduler& scheduler, LogTender& tender, const events::Log& log,
                     RetentionPolicy policy, Edges edges)
    : tender_(tender),
      log_(log),
      policy_(policy),
      edges_(std::move(edges)),
      alarm_(scheduler.make_alarm()) {}

void Retention::start() {
  if (policy_.keeps_everything()) return;
  edges_.say("retention: " + policy_text(policy_));
  tender_.on_snapshot([this] { look(); });
  alarm_->start_repeating(retention_look_every, [this] { look(); });
  look();
}

void Retention::look() {
  if (std::exchange(is_looking_, true)) return;
  const Instant now = edges_.now();
  Limits limits{edges_.needed(log_.position().durable.next()), edges_.slowest_follower()};
  if (waiting_since_ && now - *waiting_since_ >= follower_patience) limits.follower.reset();
  const auto waits = std::make_shared<bool>(false);
  // The job may outlive this object, not the log.
  tender_.truncate([&log = log_, policy = policy_, now, limits,
                    waits] { return possible_cut(log, policy, now, limits, *waits); },
                   [this, waits](const Result<core::LogTruncated>& end) { note(end, *waits); });
}

void Retention::note(const Result<core::LogTruncated>& end, bool waited_for_follower) {
  is_looking_ = false;
  if (!waited_for_follower)
    waiting_since_.reset();
  else if (!waiting_since_)
    waiting_since_ = edges_.now();
  if (!end)
    edges_.say("nothing was cut off the log: " + end.error().text);
  else if (!end->reason.empty())
    edges_.say("the log now begins at #" + std::to_string(end->first_kept.value) + ": " +
               end->reason);
}

}  // namespace sky::cli
