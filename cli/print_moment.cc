#include <fmt/format.h>

#include "adapters/json.h"
#include "cli/event_body_json.h"
#include "cli/print_otherwise.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/why_moment.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

using projections::count_text;
using projections::duration_text;
using projections::rate_text;
using projections::ServiceStatus;

std::string head_text(const MomentReport& report, const TimeFrame& times) {
  const projections::ServiceRow& row = report.service;
  std::string text = fmt::format("{} at {}, after #{}: {}\n", row.name, times.text(report.now.at),
                                 report.after.value, projections::to_text(row.status));
  text += fmt::format("  target {}, ready {}, live {}; {}, {} in flight, {} held\n", row.target,
                      row.ready, row.live, rate_text(row.rate), row.in_flight, row.held);
  if (report.held_seq)
    text += fmt::format("  requests wait for a ready replica since #{}\n", report.held_seq.value);
  return text;
}

// Why the status is what it is, and what would change it.
std::string status_text(const MomentReport& report) {
  switch (report.service.status) {
    case ServiceStatus::no_replica:
      return "nothing is wanted: the first request wakes it, a min_replicas of 1 keeps one";
    case ServiceStatus::not_ready:
      return "no replica answers: one good probe of any below makes it READY";
    case ServiceStatus::replica_init:
      return report.pending.empty() ? "no replica is there yet"
                                    : "none was ready yet: the first good probe makes it READY";
    case ServiceStatus::failed: return report.service.reason;
    case ServiceStatus::shutting_down: return "it is being taken down";
    case ServiceStatus::ready: break;
  }
  return report.service.failing ? report.service.reason : "";
}

std::string pending_text(const PendingReplica& pending, const TimeFrame& times) {
  const projections::ReplicaRow& row = pending.row;
  std::string text = fmt::format("{}/{} {} for {}", row.service, row.id.value,
                                 core::to_text(row.phase), duration_text(row.in_phase));
  if (row.offer) text += ", " + projections::offer_text(*row.offer);
  if (!row.reason.empty()) text += ": " + one_line(row.reason);
  if (row.last_http_status != 0 && row.phase != core::Phase::ready)
    text += fmt::format("; last probe: HTTP {}", row.last_http_status);
  if (pending.retry_at) text += "; the call is made again " + times.text(*pending.retry_at);
  if (pending.first_open)
    text += "; the first blocked place is open again " + times.text(*pending.first_open);
  if (pending.given_up) text += "; given up " + times.text(*pending.given_up);
  if (pending.gone_by) text += "; gone by " + times.text(*pending.gone_by);
  if (row.notice_left)
    text += "; the cloud takes the machine in " + duration_text(*row.notice_left);
  return text;
}

std::string blocked_text(const BlockedPlace& place, const TimeFrame& times) {
  std::string text = core::to_text(place.key.place);
  if (!place.key.instance_type.empty()) text += " " + place.key.instance_type;
  if (place.key.market == core::Market::spot) text += "[Spot]";
  text += " " + times.until(place.record.until) + ": " + core::to_text(place.record.kind);
  if (place.record.times > 1) text += fmt::format(", {} times in a row", place.record.times);
  if (!place.seq) return text + "; the provider's words are in an event that is not kept any more";
  return text + ": \"" + one_line(place.provider_text) + "\" (#" + std::to_string(place.seq.value) +
         ")";
}

std::string evaluation_text(const MomentReport& report) {
  const core::ScaleEvaluated& scale = report.evaluation;
  if (!report.evaluation_seq) return "  no scale evaluation yet\n";
  std::string text =
      fmt::format("  last scale evaluation #{}: {}; target {} -> {}, limits {} to {}",
                  report.evaluation_seq.value, core::to_text(scale.verdict), scale.target_before,
                  scale.target_after, scale.lower_limit, scale.upper_limit);
  if (scale.window.count() > 0)
    text += fmt::format("\n    {} over {}, {} in flight, {} held: {} wanted", rate_text(scale.rate),
                        duration_text(scale.window), scale.in_flight, scale.held, scale.wanted);
  if (!scale.reason.empty()) text += "\n    " + one_line(scale.reason);
  if (scale.votes > 0)
    text += fmt::format("\n    {}% of the last {} agreed, {}% needed", scale.votes,
                        duration_text(scale.delay), scale.votes_needed);
  return text + "\n";
}

std::string section(const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = fmt::format("  {}:\n", title);
  for (const std::string& line : lines) text += "    " + line + "\n";
  return text;
}

void write_at(adapters::JsonWriter& json, const char* name,
              const std::optional<core::Instant>& at) {
  if (at)
    json.member(name, std::int64_t{at->time_since_epoch().count()});
  else
    json.key(name).null();
}

void write_pending(adapters::JsonWriter& json, const PendingReplica& pending) {
  const projections::ReplicaRow& row = pending.row;
  json.begin_object()
      .member("replica", row.id.value)
      .member("status", core::to_text(row.phase))
      .member("in_status_us", std::int64_t{row.in_phase.count()})
      .member("reason", row.reason)
      .member("last_http_status", row.last_http_status);
  write_at(json, "retry_at_us", pending.retry_at);
  write_at(json, "first_open_at_us", pending.first_open);
  write_at(json, "given_up_at_us", pending.given_up);
  write_at(json, "gone_by_at_us", pending.gone_by);
  write_offer(json.key("offer"), row.offer);
  json.end_object();
}

void write_blocked(adapters::JsonWriter& json, const BlockedPlace& place) {
  json.begin_object()
      .member("place", core::to_text(place.key.place))
      .member("instance_type", place.key.instance_type)
      .member("market", core::to_text(place.key.market))
      .member("until_at_us", std::int64_t{place.record.until.time_since_epoch().count()})
      .member("kind", core::to_text(place.record.kind))
      .member("times", place.record.times)
      .member("seq", place.seq.value)
      .member("provider_text", place.provider_text)
      .end_object();
}

}  // namespace

std::string moment_text(const MomentReport& report, bool utc) {
  const TimeFrame times{report.now, utc};
  std::string text = head_text(report, times);
  if (const std::string why = status_text(report); !why.empty())
    text += "  " + one_line(why) + "\n";
  std::vector<std::string> pending, blocked;
  for (const PendingReplica& one : report.pending) pending.push_back(pending_text(one, times));
  for (const BlockedPlace& one : report.blocked) blocked.push_back(blocked_text(one, times));
  text += section(report.replica ? "the replica" : "pending", pending);
  text += section("the fleet", fleet_lines(report.fleet, times));
  text += section("blocked", blocked);
  text += evaluation_text(report);
  return text + section("another target", scale_lines(report.otherwise));
}

void write_moment(adapters::JsonWriter& json, const MomentReport& report) {
  const projections::ServiceRow& row = report.service;
  json.begin_object()
      .member("time", iso_text(report.now.wall))
      .member("at_us", std::int64_t{report.now.at.time_since_epoch().count()})
      .member("after", report.after.value)
      .member("service", row.name)
      .member("status", projections::to_text(row.status))
      .member("reason", status_text(report))
      .member("target", row.target)
      .member("ready", row.ready)
      .member("live", row.live)
      .member("qps", static_cast<double>(row.rate.value) / 1000)
      .member("in_flight", row.in_flight)
      .member("held", row.held)
      .member("held_since_seq", report.held_seq.value);
  json.key("pending").begin_array();
  for (const PendingReplica& one : report.pending) write_pending(json, one);
  json.end_array().key("blocked").begin_array();
  for (const BlockedPlace& one : report.blocked) write_blocked(json, one);
  json.end_array().key("fleet").begin_object();
  json.member("missing", std::uint64_t{report.fleet.missing.size()})
      .member("launched_now", std::uint64_t{report.fleet.launches().size()})
      .member("held_back", report.fleet.held_back)
      .member("given_up", report.fleet.is_given_up);
  write_at(json, "retry_at_us", report.fleet.retry_at);
  json.end_object().key("evaluation");
  json.begin_object().member("seq", report.evaluation_seq.value).key("body");
  write_body(json, report.evaluation);
  json.end_object().key("another_target").begin_object();
  write_scale(json, report.otherwise);
  json.end_object().end_object();
}

}  // namespace sky::cli
