#include "cli/print_what_if.h"

#include <fmt/format.h>

#include "adapters/json.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "core/policies/policy_name.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

using projections::count_text;
using projections::duration_text;
using projections::ServiceScore;

// ---- the two policies

using Keys = std::vector<std::pair<std::string, std::string>>;

// As a service file spells them.
Keys keys_of(const core::ReplicaPolicy& policy) {
  Keys keys;
  const auto add = [&](const char* key, std::string value) {
    keys.emplace_back(key, std::move(value));
  };
  const auto seconds = [](core::Duration duration) {
    return fmt::format("{:g}", static_cast<double>(duration.count()) / 1e6);
  };
  const auto rate = [](core::MilliRps value) {
    return fmt::format("{:g}", static_cast<double>(value.value) / 1000);
  };
  add("min_replicas", std::to_string(policy.min_replicas));
  add("max_replicas", std::to_string(policy.upper_limit()));
  add("num_overprovision", std::to_string(policy.num_overprovision));
  std::string targets =
      policy.target_qps_per_replica ? rate(*policy.target_qps_per_replica) : "none";
  for (const auto& [accelerator, target] : policy.target_qps_per_accelerator)
    targets = (targets == "none" ? "" : targets + ", ") + accelerator + ": " + rate(target);
  add("target_qps_per_replica", targets);
  add("target_concurrency_per_replica", policy.target_concurrency_per_replica
                                            ? std::to_string(*policy.target_concurrency_per_replica)
                                            : "none");
  add("qps_window_seconds", seconds(policy.qps_window));
  add("upscale_delay_seconds", seconds(policy.upscale_delay));
  add("downscale_delay_seconds", seconds(policy.downscale_delay));
  add("base_ondemand_fallback_replicas", std::to_string(policy.base_ondemand_fallback_replicas));
  add("dynamic_ondemand_fallback", policy.dynamic_ondemand_fallback ? "true" : "false");
  add("placement", core::placement_text(policy));
  return keys;
}

std::vector<std::string> changes(const WhatIfAnswer& answer) {
  const Keys before = keys_of(answer.policy), after = keys_of(answer.other_policy);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i].second != after[i].second)
      lines.push_back(
          fmt::format("{} {} -> {}", before[i].first, before[i].second, after[i].second));
  return lines;
}

// ---- the table

std::string percent(double share) { return fmt::format("{:.2f}%", share * 100); }

double share(core::Duration part, core::Duration whole) {
  return whole.count() == 0
             ? 0
             : static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

double availability(const ServiceScore& score) {
  return static_cast<double>(score.availability()) / 100'000;
}

double mean(core::Duration summed, const ServiceScore& score) {
  return share(summed, score.wanted);
}

template <class Cell>
void add_row(Table& table, const WhatIfAnswer& answer, const char* name, const Cell& cell) {
  table.rows.push_back({name, cell(answer.recorded), cell(answer.same), cell(answer.other)});
}

Table table_of(const WhatIfAnswer& answer) {
  Table table{{"", "RECORDED", "SAME POLICY*", "WHAT IF*"}, {}};
  const auto count = [](auto member) {
    return [member](const ServiceScore& score) { return std::to_string(score.*member); };
  };
  const auto money = [](core::Money ServiceScore::*member) {
    return [member](const ServiceScore& score) { return projections::money_text(score.*member); };
  };
  add_row(table, answer, "target ready, of the time",
          [](const ServiceScore& score) { return percent(availability(score)); });
  add_row(table, answer, "nothing ready",
          [](const ServiceScore& score) { return duration_text(score.nothing_ready); });
  add_row(table, answer, "target, on average", [](const ServiceScore& score) {
    return fmt::format("{:.2f}", mean(score.target_time, score));
  });
  add_row(table, answer, "ready, on average", [](const ServiceScore& score) {
    return fmt::format("{:.2f}", mean(score.ready_time, score));
  });
  add_row(table, answer, "requests", count(&ServiceScore::arrived));
  add_row(table, answer, "  failed", count(&ServiceScore::failed));
  add_row(table, answer, "  waited for a replica", count(&ServiceScore::waited));
  if (answer.policy.target_qps_per_replica)
    add_row(table, answer, "  above the recorded target QPS", count(&ServiceScore::crowded));
  add_row(table, answer, "cost", money(&ServiceScore::spent));
  add_row(table, answer, "  the same hours on demand", money(&ServiceScore::all_on_demand));
  add_row(table, answer, "launches", count(&ServiceScore::launches));
  add_row(table, answer, "  failed", count(&ServiceScore::refused));
  add_row(table, answer, "preemptions", count(&ServiceScore::preemptions));
  return table;
}

// ---- what it rests on

std::vector<std::string> assumptions(const WhatIfAnswer& answer) {
  const auto& evidence = answer.evidence;
  std::vector<std::string> lines = {
      fmt::format("Capacity is what the log is evidence of: of the launches {} were granted and {} "
                  "refused, and {} taken back. A refusal counts until a launch succeeds there, at "
                  "most {}.",
                  evidence.granted, evidence.refused, count_text(evidence.taken, "machine"),
                  duration_text(projections::evidence_lasts)),
      fmt::format("The log knows nothing of {}: such a machine is taken to be there whenever it is "
                  "asked for ({} of the launches under WHAT IF).",
                  count_text(answer.offers_without_evidence, "offer"),
                  answer.launches_without_evidence),
      fmt::format("Machines come up in the middle one of the recorded times: {} for the machine, "
                  "{} more until it is ready.",
                  duration_text(answer.provisioning), duration_text(answer.startup)),
      "The same requests come at the same times and take as long, however many share a replica; "
      "what runs on a machine that goes is lost.",
      "Failures of user code, lost answers and restarts of the daemon are left out, and prices "
      "stay as they were recorded."};
  if (!answer.left_out.empty()) {
    std::string names;
    for (const std::string& name : answer.left_out) names += (names.empty() ? "" : ", ") + name;
    lines.push_back("Only the replica policy is asked about; the file's " + names +
                    " changed nothing.");
  }
  return lines;
}

}  // namespace

std::string what_if_text(const WhatIfAnswer& answer, const WhatIfFormat& format) {
  const auto time_text = [&](core::WallTime wall) {
    return format.utc ? utc_text(wall) + " UTC" : local_text(wall);
  };
  std::string text =
      fmt::format("{}{} from {} to {} ({})\n", answer.is_sandbox ? "SANDBOX " : "", answer.service,
                  time_text(answer.begin.wall), time_text(answer.end.wall),
                  uptime_text(answer.end.at - answer.begin.at));
  const auto lines = changes(answer);
  text += lines.empty() ? "What if nothing were changed?\n" : "What if\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  text += "\n" + plain_table(table_of(answer)) + "\n";
  text += colored("* simulated: an estimate. How far SAME POLICY is from RECORDED tells how good.",
                  Color::bold, format.color) +
          "\n";
  for (const std::string& line : assumptions(answer)) text += "  - " + line + "\n";
  return text;
}

namespace {

using adapters::JsonWriter;

double seconds(core::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

void write_score(JsonWriter& json, const char* key, const ServiceScore& score) {
  json.key(key)
      .begin_object()
      .member("availability", availability(score))
      .member("wanted_seconds", seconds(score.wanted))
      .member("nothing_ready_seconds", seconds(score.nothing_ready))
      .member("mean_target", mean(score.target_time, score))
      .member("mean_ready", mean(score.ready_time, score))
      .member("requests", score.arrived)
      .member("requests_failed", score.failed)
      .member("requests_waited", score.waited)
      .member("requests_above_target_qps", score.crowded)
      .member("usd", score.spent.usd())
      .member("usd_all_on_demand", score.all_on_demand.usd())
      .member("launches", score.launches)
      .member("launches_failed", score.refused)
      .member("preemptions", score.preemptions)
      .end_object();
}

void write_texts(JsonWriter& json, const char* key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.text(text);
  json.end_array();
}

}  // namespace

std::string what_if_json(const WhatIfAnswer& answer) {
  JsonWriter json;
  json.begin_object()
      .member("service", answer.service)
      .member("from", iso_text(answer.begin.wall))
      .member("to", iso_text(answer.end.wall))
      .member("sandbox", answer.is_sandbox)
      .member("is_estimate", true);
  write_texts(json, "changes", changes(answer));
  write_score(json, "recorded", answer.recorded);
  write_score(json, "same_policy", answer.same);
  write_score(json, "what_if", answer.other);
  json.key("evidence")
      .begin_object()
      .member("granted", answer.evidence.granted)
      .member("refused", answer.evidence.refused)
      .member("taken", answer.evidence.taken)
      .member("offers_without", std::uint64_t{answer.offers_without_evidence})
      .member("launches_without", answer.launches_without_evidence)
      .end_object();
  write_texts(json, "assumptions", assumptions(answer));
  json.end_object();
  return json.take() + "\n";
}

}  // namespace sky::cli
