#include "cli/print_simulation_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/svg.h"

namespace sky::cli {
namespace {

using projections::ReadySpan;

constexpr double width = 960, left = 64, right = 936;
constexpr double plot_top = 64, plot_bottom = 384;
constexpr double fleet_top = 470, fleet_bottom = 690, legend_top = 730;
constexpr double legend_row = 18, legend_columns = 3;
constexpr std::size_t most_columns = 860;  // of the picture over time: one a pixel

constexpr std::array colors = {"#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed",
                               "#0891b2", "#65a30d", "#db2777", "#475569"};
constexpr const char* on_demand_color = "#94a3b8";

constexpr const char* style = R"(
svg { font-family: system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }
text { font-size: 12px; fill: #334155; }
.back { fill: #ffffff; }
.title { font-size: 18px; font-weight: 600; fill: #0f172a; }
.axis { stroke: #94a3b8; stroke-width: 1; }
.grid { stroke: #e2e8f0; stroke-width: 1; }
.end { text-anchor: end; }
.mid { text-anchor: middle; }
.bound { stroke-width: 1.5; stroke: #0f172a; stroke-dasharray: 5 4; }
.dot { stroke: #ffffff; stroke-width: 1; }
.part { stroke: none; }
)";

const char* color_of(std::size_t index) { return colors[index % colors.size()]; }

struct Scale {
  double least = 0, most = 1, from = 0, to = 1;
  double operator()(double value) const {
    return from + (to - from) * (std::clamp(value, least, most) - least) / (most - least);
  }
};

void draw_costs(SvgWriter& svg, const std::vector<TraceResult>& results) {
  double least = 1, dearest = 0;
  for (const TraceResult& trace : results)
    for (const PolicyResult& policy : trace.policies) {
      least = std::min(least, policy.score.availability());
      dearest = std::max(dearest, policy.score.cost);
    }
  const Scale x{.least = 0, .most = std::max(dearest * 1.05, 0.1), .from = left, .to = right};
  const Scale y{.least = std::max(0.0, least - (1 - least) * 0.1 - 0.001),
                .most = 1,
                .from = plot_bottom,
                .to = plot_top};
  for (int i = 0; i <= 5; ++i) {
    const double cost = x.most * i / 5, up = y.least + (1 - y.least) * i / 5;
    svg.line({left, y(up)}, {right, y(up)}, "grid");
    svg.text({left - 6, y(up) + 4}, "end", fmt::format("{:.2f}", up * 100));
    svg.text({x(cost), plot_bottom + 18}, "mid", fmt::format("{:.0f}", cost * 100));
  }
  svg.line({left, plot_bottom}, {right, plot_bottom}, "axis");
  svg.text({(left + right) / 2, plot_bottom + 36}, "mid", "cost, % of all on demand");
  svg.text({left, plot_top - 12}, "", "available, % of the time");
  for (std::size_t t = 0; t < results.size(); ++t) {
    const double bound = x(results[t].bound);
    svg.line({bound, plot_top}, {bound, plot_bottom}, "bound");
    for (const PolicyResult& policy : results[t].policies) {
      const double cx = x(policy.score.cost), cy = y(policy.score.availability());
      const std::string words =
          fmt::format("{} on {}: {:.2f} % available, {:.2f} % of the cost", policy.policy,
                      results[t].trace, policy.score.availability() * 100, policy.score.cost * 100);
      svg.polygon({{cx - 5, cy}, {cx, cy - 5}, {cx + 5, cy}, {cx, cy + 5}}, "dot", color_of(t),
                  words);
      svg.text({cx + 8, cy + 4}, "", policy.policy);
    }
  }
}

// The mean of ready replicas in equal parts of the time: zones, then on demand.
std::vector<std::vector<double>> watched(const SimulationQuestion& question) {
  projections::TraceQuestion one = question.base;
  one.trace = &question.traces.front();
  one.policy = question.policies.front().policy;
  const std::size_t zones = one.trace->zones.size();
  std::vector<std::vector<double>> parts(zones + 1, std::vector<double>(most_columns));
  const double column = static_cast<double>(one.trace->length().count()) / most_columns;
  ReadySpan before;
  before.spot.resize(zones);
  const auto add = [&](core::Duration until) {
    const double begin = static_cast<double>(before.begin.count()) / column;
    const double end =
        std::min(static_cast<double>(until.count()) / column, static_cast<double>(most_columns));
    for (auto i = static_cast<std::size_t>(begin); i < most_columns && static_cast<double>(i) < end;
         ++i) {
      const double covered =
          std::min(end, static_cast<double>(i + 1)) - std::max(begin, static_cast<double>(i));
      for (std::size_t z = 0; z < zones; ++z) parts[z][i] += covered * before.spot[z];
      parts[zones][i] += covered * before.on_demand;
    }
  };
  run_trace(one, {.ready =
                      [&](const ReadySpan& span) {
                        add(span.begin);
                        before = span;
                      },
                  .fact = {},
                  .plan = {}});
  add(one.trace->length());
  return parts;
}

void draw_fleet(SvgWriter& svg, const SimulationQuestion& question) {
  const auto parts = watched(question);
  const auto& trace = question.traces.front();
  double most = question.base.target;
  for (std::size_t i = 0; i < most_columns; ++i) {
    double sum = 0;
    for (const auto& part : parts) sum += part[i];
    most = std::max(most, sum);
  }
  const Scale y{.least = 0, .most = most, .from = fleet_bottom, .to = fleet_top};
  const double column = (right - left) / most_columns;
  std::vector<double> below(most_columns, 0);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    std::vector<SvgPoint> upper, lower;
    for (std::size_t i = 0; i < most_columns; ++i) {
      const double at = left + column * static_cast<double>(i);
      lower.push_back({at, y(below[i])});
      below[i] += parts[p][i];
      upper.push_back({at, y(below[i])});
    }
    upper.insert(upper.end(), lower.rbegin(), lower.rend());
    const bool is_spot = p < trace.zones.size();
    const std::string name = is_spot ? trace.zones[p].zone : "on demand";
    const char* color = is_spot ? color_of(p) : on_demand_color;
    svg.polygon(upper, "part", color, name);
    const double row = std::floor(static_cast<double>(p) / legend_columns);
    const double x = left + (static_cast<double>(p) - row * legend_columns) * 290;
    svg.rectangle({x, legend_top + row * legend_row - 10, 10, 10}, "part", color);
    svg.text({x + 16, legend_top + row * legend_row}, "", name);
  }
  svg.text(
      {left, fleet_top - 12}, "",
      fmt::format("ready replicas by zone: {} on {}, {:.1f} days", question.policies.front().text,
                  trace.name, static_cast<double>(trace.length().count()) / 86400e6));
  svg.line({left, y(question.base.target)}, {right, y(question.base.target)}, "bound");
  svg.text({left - 6, y(question.base.target) + 4}, "end", std::to_string(question.base.target));
}

}  // namespace

std::string simulation_svg(const SimulationQuestion& question,
                           const std::vector<TraceResult>& results) {
  const double rows =
      std::ceil(static_cast<double>(question.traces.front().zones.size() + 1) / legend_columns);
  const double height = legend_top + rows * legend_row + 12;
  SvgWriter svg(width, height, "Placement policies on spot traces", style);
  svg.rectangle({0, 0, width, height}, "back");
  svg.text({left, 30}, "title",
           fmt::format("{} replicas, cold start {} s", question.base.target,
                       core::whole_seconds(question.base.cold_start)));
  draw_costs(svg, results);
  draw_fleet(svg, question);
  return svg.take();
}

}  // namespace sky::cli
