#include "cli/print_simulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/json.h"
#include "cli/table.h"

namespace sky::cli {
namespace {

using projections::TraceScore;

double share(core::Duration part, core::Duration whole) {
  return whole.count() == 0
             ? 0
             : static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

std::string percent(double share, int digits) {
  return fmt::format("{:.{}f}", share * 100, digits);
}

double seconds(core::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

Row request_row(const PolicyResult& result) {
  const projections::RequestScore& score = *result.requests;
  const double arrived = std::max(score.arrived, 1e-9);
  const auto tenths = [](core::Duration one) { return fmt::format("{:.1f}", seconds(one)); };
  return {result.policy,
          fmt::format("{:.0f}", score.arrived),
          percent(score.waited / arrived, 2),
          percent(score.failed / arrived, 3),
          tenths(score.mean),
          tenths(score.p50),
          tenths(score.p90),
          tenths(score.p99)};
}

std::string requests_text(const TraceResult& result) {
  Table table{{"POLICY", "REQUESTS", "WAITED %", "FAILED %", "MEAN S", "P50 S", "P90 S", "P99 S"},
              {}};
  for (const PolicyResult& policy : result.policies)
    if (policy.requests) table.rows.push_back(request_row(policy));
  return table.rows.empty() ? "" : plain_table(table);
}

std::string bound_text(const SimulationQuestion& question, const TraceResult& result) {
  if (question.load) return "";  // the bound is that of a constant target
  return fmt::format("An omniscient policy needs {}{} % of all-on-demand for 100 %{}.\n",
                     result.is_exact ? "" : "at least ", percent(result.bound, 2),
                     question.windows ? " on the whole trace" : "");
}

void write_requests(adapters::JsonWriter& json, const projections::RequestScore& score) {
  json.key("requests")
      .begin_object()
      .member("arrived", score.arrived)
      .member("waited", score.waited)
      .member("failed", score.failed)
      .member("latency_mean_seconds", seconds(score.mean))
      .member("latency_p50_seconds", seconds(score.p50))
      .member("latency_p90_seconds", seconds(score.p90))
      .member("latency_p99_seconds", seconds(score.p99))
      .end_object();
}

Row row_of(const PolicyResult& result) {
  const TraceScore& score = result.score;
  return {result.policy,
          percent(score.availability(), 2),
          percent(score.cost, 2),
          percent(score.shortfall, 3),
          percent(share(score.below_half, score.counted), 3),
          percent(share(score.nothing_ready, score.counted), 3),
          percent(result.on_demand_share, 1),
          std::to_string(score.preemptions),
          std::to_string(score.launches),
          std::to_string(score.refused),
          std::to_string(score.episodes)};
}

void write_policy(adapters::JsonWriter& json, const PolicyResult& result) {
  const TraceScore& score = result.score;
  json.begin_object()
      .member("policy", result.policy)
      .member("availability", score.availability())
      .member("cost", score.cost)
      .member("shortfall", score.shortfall)
      .member("below_half", share(score.below_half, score.counted))
      .member("nothing_ready", share(score.nothing_ready, score.counted))
      .member("on_demand_share", result.on_demand_share)
      .member("preemptions", score.preemptions)
      .member("launches", score.launches)
      .member("failed_launches", score.refused)
      .member("on_demand_launches", score.on_demand_launches)
      .member("episodes", score.episodes)
      .member("plans", score.plans);
  if (result.requests) write_requests(json, *result.requests);
  json.end_object();
}

}  // namespace

std::string simulation_text(const SimulationQuestion& question,
                            const std::vector<TraceResult>& results) {
  const auto& base = question.base;
  const std::string wanted = question.load ? "As many replicas as the load asks for"
                                           : std::to_string(base.target) + " replicas wanted";
  std::string text = fmt::format(
      "{}, cold start {} s, on-demand {:g} times the spot price; the first hour does not count\n",
      wanted, core::whole_seconds(base.cold_start),
      static_cast<double>(base.on_demand_ratio_milli) / 1000);
  for (const TraceResult& result : results) {
    text += fmt::format("\n{}: {} zones, {:.1f} days\n", result.trace, result.zones,
                        static_cast<double>(result.length.count()) / 86400e6);
    Table table{{"POLICY", "AVAILABLE %", "COST %", "SHORTFALL %", "<HALF %", "NONE %",
                 "OD SHARE %", "PREEMPTED", "LAUNCHES", "REFUSED", "EPISODES"},
                {}};
    for (const PolicyResult& policy : result.policies) table.rows.push_back(row_of(policy));
    text += plain_table(table);
    text += requests_text(result) + bound_text(question, result);
  }
  return text;
}

std::string simulation_json(const SimulationQuestion& question,
                            const std::vector<TraceResult>& results) {
  adapters::JsonWriter json;
  const auto& base = question.base;
  json.begin_object();
  if (!question.load) json.member("target", std::uint64_t{base.target});
  json.member("cold_start_seconds", static_cast<double>(base.cold_start.count()) / 1e6)
      .member("on_demand_ratio", static_cast<double>(base.on_demand_ratio_milli) / 1000)
      .key("traces")
      .begin_array();
  for (const TraceResult& result : results) {
    json.begin_object()
        .member("trace", result.trace)
        .member("zones", std::uint64_t{result.zones})
        .member("days", static_cast<double>(result.length.count()) / 86400e6);
    if (!question.load)
      json.member("bound_cost", result.bound).member("bound_is_exact", result.is_exact);
    json.key("policies").begin_array();
    for (const PolicyResult& policy : result.policies) write_policy(json, policy);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace sky::cli
