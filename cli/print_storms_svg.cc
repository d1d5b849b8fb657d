#include "cli/print_storms_svg.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/svg.h"
#include "cli/time_text.h"
#include "projections/wording.h"

namespace sky::cli {
namespace {

using projections::BlowKind;
using projections::BlowMark;
using projections::FleetPoint;
using projections::Storm;
using projections::StormSeries;
using projections::TrafficPoint;

// Calm shown on both sides: enough to see what it fell from, never more than the storm itself.
constexpr core::Duration least_margin = core::seconds(15);

constexpr double width = 960, left = 56, right = 40;
constexpr double fleet_top = 96, fleet_bottom = 346, marks_y = 368;
constexpr double traffic_top = 402, traffic_bottom = 502, legend_top = 546;
constexpr double legend_row = 20, legend_column = 220;

constexpr const char* style = R"(
svg { font-family: system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }
text { font-size: 12px; fill: #334155; }
.back { fill: #ffffff; }
.title { font-size: 18px; font-weight: 600; fill: #0f172a; }
.caption { font-size: 13px; fill: #64748b; }
.axis { stroke: #94a3b8; stroke-width: 1; }
.grid { stroke: #e2e8f0; stroke-width: 1; }
.storm { fill: #fef3c7; }
.left { text-anchor: end; }
.mid { text-anchor: middle; }
.zone { stroke: #ffffff; stroke-width: 0.5; fill-opacity: 0.88; }
.coming { fill: #cbd5e1; fill-opacity: 0.7; }
.target { fill: none; stroke: #0f172a; stroke-width: 2; stroke-dasharray: 6 4; }
.rate { fill: #93c5fd; stroke: #2563eb; stroke-width: 1; }
.held { fill: none; stroke: #d97706; stroke-width: 1.5; }
.failed { fill: #dc2626; }
.blow { stroke-width: 1; stroke: #b45309; stroke-dasharray: 2 3; }
.notice { fill: #f59e0b; } .taken { fill: #dc2626; } .lost { fill: #7c3aed; }
.refused { fill: #64748b; }
)";

// Told apart by people who see few colours, too: Okabe and Ito's palette, on-demand greens first,
// and a brown in the place of its black.
constexpr std::array<const char*, 8> palette = {"#009e73", "#56b4e9", "#e69f00", "#cc79a7",
                                                "#0072b2", "#f0e442", "#d55e00", "#6b4423"};
const char* color_of(std::size_t zone) { return palette.at(zone % palette.size()); }

constexpr std::array blow_kinds = {BlowKind::notice, BlowKind::taken, BlowKind::lost,
                                   BlowKind::refused};
constexpr double mark_width = 12;

const char* css_class(BlowKind kind) {
  switch (kind) {
    case BlowKind::notice: return "notice";
    case BlowKind::taken: return "taken";
    case BlowKind::lost: return "lost";
    case BlowKind::refused: break;
  }
  return "refused";
}

const char* words_for(BlowKind kind) {
  switch (kind) {
    case BlowKind::notice: return "preemption notice";
    case BlowKind::taken: return "machine taken";
    case BlowKind::lost: return "lost without notice";
    case BlowKind::refused: break;
  }
  return "launch refused: no capacity";
}

// A round step that makes at most `most` of them.
double step_for(double highest, int most) {
  for (double unit = 1;; unit *= 10)
    for (const double step : {unit, 2 * unit, 5 * unit})
      if (highest / step <= most) return step;
}

// Times that people count in; none is more than two days, the longest a picture of a storm gets.
core::Duration time_step_for(core::Duration shown, int most) {
  for (const std::int64_t step :
       {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14'400, 21'600, 43'200})
    if (shown / core::seconds(step) <= most) return core::seconds(step);
  return core::seconds(86'400);
}

class Picture {
 public:
  Picture(const Storm& storm, const StormSeries& series, bool utc)
      : storm_(storm),
        series_(series),
        utc_(utc),
        svg_(width, height(), "Preemption storm of " + storm.service, style) {
    for (const FleetPoint& point : series.fleet) {
      std::uint32_t sum = point.coming;
      for (const std::uint32_t ready : point.ready) sum += ready;
      most_replicas_ = std::max({most_replicas_, double(sum), double(point.target)});
    }
    for (const TrafficPoint& point : series.traffic)
      most_rate_ =
          std::max({most_rate_, rate(point.arrived), rate(point.failed), double(point.held)});
    most_replicas_ += 0.5;
    most_rate_ *= 1.1;
  }

  std::string draw() {
    svg_.rectangle({0, 0, width, height()}, "back");
    draw_title();
    draw_storm_range();
    draw_grid();
    draw_fleet();
    draw_traffic();
    draw_blows();
    draw_time_axis();
    draw_legend();
    return svg_.take();
  }

 private:
  static double rate(core::MilliRps value) { return double(value.value) / 1000; }
  double height() const {
    const auto rows = (legend_size() + 3) / 4;
    return legend_top + legend_row * double(rows) + 12;
  }
  double x(core::Instant at) const {
    const double part = double((at - series_.from).count()) /
                        std::max(1.0, double((series_.to - series_.from).count()));
    return left + std::clamp(part, 0.0, 1.0) * (width - left - right);
  }
  double fleet_y(double replicas) const {
    return fleet_bottom - replicas / most_replicas_ * (fleet_bottom - fleet_top);
  }
  double traffic_y(double value) const {
    return traffic_bottom - value / most_rate_ * (traffic_bottom - traffic_top);
  }
  std::string clock_text(core::Instant at) const {
    const core::WallTime wall(at.time_since_epoch() + series_.wall_offset);
    return (utc_ ? utc_text(wall) : local_text(wall)).substr(11, 8);
  }

  void draw_title() {
    const std::string began = utc_ ? utc_text(storm_.began.wall) : local_text(storm_.began.wall);
    svg_.text({left, 34}, "title",
              fmt::format("Preemption storm of {}: {} lost", storm_.service,
                          projections::count_text(storm_.preempted + storm_.lost, "replica")));
    std::string text = began.substr(0, 19) + (utc_ ? " UTC" : "");
    text += storm_.depth == 0 ? fmt::format(", never below its target of {}", storm_.target)
                              : fmt::format(", {} of {} ready at the deepest, {} below the target",
                                            storm_.lowest_ready, storm_.target,
                                            projections::duration_text(storm_.below));
    text +=
        fmt::format(", {} of {} requests failed", storm_.requests.failed, storm_.requests.arrived);
    svg_.text({left, 56}, "caption", text);
  }

  void draw_storm_range() {
    const double from = x(storm_.began.at), to = x(storm_.end());
    svg_.rectangle({from, fleet_top, std::max(1.0, to - from), traffic_bottom - fleet_top}, "storm",
                   {}, "from the first blow until the service was back");
  }

  void draw_scale(double top, double bottom, double highest, double step,
                  const std::function<double(double)>& y) {
    for (double value = 0; value <= highest; value += step) {
      svg_.line({left, y(value)}, {width - right, y(value)}, "grid");
      svg_.text({left - 8, y(value) + 4}, "left", fmt::format("{:g}", value));
    }
    svg_.line({left, top}, {left, bottom}, "axis");
    svg_.line({left, bottom}, {width - right, bottom}, "axis");
  }

  void draw_grid() {
    draw_scale(fleet_top, fleet_bottom, most_replicas_, step_for(most_replicas_, 8),
               [this](double value) { return fleet_y(value); });
    draw_scale(traffic_top, traffic_bottom, most_rate_, step_for(most_rate_, 4),
               [this](double value) { return traffic_y(value); });
    svg_.text({left, fleet_top - 10}, "caption", "replicas");
    svg_.text({left, traffic_top - 8}, "caption", "requests a second");
  }

  // One band of the stack: a step line on top, the band below it as the bottom.
  void draw_band(const std::function<double(const FleetPoint&)>& low,
                 const std::function<double(const FleetPoint&)>& high, const char* css,
                 const char* fill, const std::string& tooltip) {
    std::vector<SvgPoint> top, bottom;
    const auto& fleet = series_.fleet;
    for (std::size_t i = 0; i < fleet.size(); ++i) {
      const core::Instant next = i + 1 < fleet.size() ? fleet[i + 1].at : series_.to;
      for (const core::Instant at : {fleet[i].at, next}) {
        top.push_back({x(at), fleet_y(high(fleet[i]))});
        bottom.push_back({x(at), fleet_y(low(fleet[i]))});
      }
    }
    top.insert(top.end(), bottom.rbegin(), bottom.rend());
    svg_.polygon(top, css, fill, tooltip);
  }

  static double ready_below(const FleetPoint& point, std::size_t zone) {
    double sum = 0;
    for (std::size_t i = 0; i < std::min(zone, point.ready.size()); ++i) sum += point.ready[i];
    return sum;
  }

  void draw_fleet() {
    const std::size_t zones = series_.zones.size();
    for (std::size_t zone = 0; zone < zones; ++zone)
      draw_band([zone](const FleetPoint& one) { return ready_below(one, zone); },
                [zone](const FleetPoint& one) { return ready_below(one, zone + 1); }, "zone",
                color_of(zone), series_.zones[zone]);
    draw_band([zones](const FleetPoint& one) { return ready_below(one, zones); },
              [zones](const FleetPoint& one) { return ready_below(one, zones) + one.coming; },
              "coming", "", "provisioning or starting");
    std::vector<SvgPoint> target;
    for (std::size_t i = 0; i < series_.fleet.size(); ++i) {
      const FleetPoint& point = series_.fleet[i];
      const bool is_last = i + 1 == series_.fleet.size();
      target.push_back({x(point.at), fleet_y(point.target)});
      target.push_back({x(is_last ? series_.to : series_.fleet[i + 1].at), fleet_y(point.target)});
    }
    svg_.polyline(target, "target");
  }

  bool has_any(std::uint32_t TrafficPoint::*count) const {
    return std::any_of(series_.traffic.begin(), series_.traffic.end(),
                       [count](const TrafficPoint& point) { return point.*count > 0; });
  }
  bool has_failures() const {
    return std::any_of(series_.traffic.begin(), series_.traffic.end(),
                       [](const TrafficPoint& point) { return point.failed.value > 0; });
  }

  void draw_traffic() {
    constexpr core::Duration silence = core::milliseconds(500);  // samples touch each other else
    std::vector<SvgPoint> arrived, held;
    core::Instant last = series_.from;
    for (const TrafficPoint& point : series_.traffic) {
      const core::Instant begin = std::max(last, point.at - point.period);
      if (arrived.empty() || begin - last > silence)
        for (const core::Instant at : {last, begin}) arrived.push_back({x(at), traffic_bottom});
      arrived.push_back({x(point.at), traffic_y(rate(point.arrived))});
      held.push_back({x(point.at), traffic_y(point.held)});
      last = point.at;
    }
    if (!arrived.empty()) {
      arrived.push_back({arrived.back().x, traffic_bottom});
      svg_.polygon(arrived, "rate");
    }
    if (has_any(&TrafficPoint::held)) svg_.polyline(held, "held");
    for (const TrafficPoint& point : series_.traffic)
      if (point.failed.value > 0)
        svg_.rectangle({x(point.at) - 1.5, traffic_y(rate(point.failed)), 3,
                        traffic_bottom - traffic_y(rate(point.failed))},
                       "failed", {}, "failed requests");
  }

  void draw_mark(SvgPoint at, BlowKind kind, const std::string& tooltip) {
    svg_.polygon({{at.x, at.y - 6}, {at.x + 6, at.y + 5}, {at.x - 6, at.y + 5}}, css_class(kind),
                 {}, tooltip);
  }

  // Marks at the same place lie on each other: a number says how many.
  void draw_blows() {
    double counted = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < series_.blows.size(); ++i) {
      const BlowMark& blow = series_.blows[i];
      const double here = x(blow.at);
      if (blow.kind == BlowKind::notice || blow.kind == BlowKind::lost)
        svg_.line({here, fleet_top}, {here, fleet_bottom}, "blow");
      draw_mark({here, marks_y}, blow.kind,
                fmt::format("{} {}: replica {} in {}", clock_text(blow.at), words_for(blow.kind),
                            blow.replica.value, blow.zone));
      if (count == 0) counted = here;
      ++count;
      const bool goes_on =
          i + 1 < series_.blows.size() && x(series_.blows[i + 1].at) - counted < mark_width;
      if (goes_on) continue;
      if (count > 1) svg_.text({here + 8, marks_y + 5}, "", std::to_string(count));
      count = 0;
    }
  }

  void draw_time_axis() {
    const core::Duration step = time_step_for(series_.to - series_.from, 7);
    const core::Duration wall = series_.from.time_since_epoch() + series_.wall_offset;
    for (core::Duration at = (wall + step - core::Duration{1}) / step * step;
         at <= series_.to.time_since_epoch() + series_.wall_offset; at += step) {
      const core::Instant tick(at - series_.wall_offset);
      svg_.line({x(tick), traffic_bottom}, {x(tick), traffic_bottom + 5}, "axis");
      svg_.text({x(tick), traffic_bottom + 20}, "mid", clock_text(tick));
    }
  }

  bool has_blow(BlowKind kind) const {
    return std::any_of(series_.blows.begin(), series_.blows.end(),
                       [kind](const BlowMark& blow) { return blow.kind == kind; });
  }
  std::size_t legend_size() const {
    std::size_t size = series_.zones.size() + 3;  // coming, target, requests
    for (const BlowKind kind : blow_kinds) size += has_blow(kind) ? 1 : 0;
    return size + (has_any(&TrafficPoint::held) ? 1 : 0) + (has_failures() ? 1 : 0);
  }
  SvgPoint next_legend_place() {
    const std::size_t place = legend_entries_++;
    return {left + double(place % 4) * legend_column, legend_top + double(place / 4) * legend_row};
  }
  void legend_box(const std::string& words, const char* css, const char* fill) {
    const SvgPoint at = next_legend_place();
    svg_.rectangle({at.x, at.y - 10, 14, 12}, css, fill);
    svg_.text({at.x + 22, at.y}, "", words);
  }
  void legend_line(const std::string& words, const char* css) {
    const SvgPoint at = next_legend_place();
    svg_.line({at.x, at.y - 4}, {at.x + 16, at.y - 4}, css);
    svg_.text({at.x + 22, at.y}, "", words);
  }

  void draw_legend() {
    for (std::size_t zone = 0; zone < series_.zones.size(); ++zone)
      legend_box(series_.zones[zone], "zone", color_of(zone));
    legend_box("provisioning or starting", "coming", "");
    legend_line("target", "target");
    for (const BlowKind kind : blow_kinds) {
      if (!has_blow(kind)) continue;
      const SvgPoint at = next_legend_place();
      draw_mark({at.x + 7, at.y - 4}, kind, {});
      svg_.text({at.x + 22, at.y}, "", words_for(kind));
    }
    legend_box("requests a second", "rate", "");
    if (has_any(&TrafficPoint::held)) legend_line("requests held", "held");
    if (has_failures()) legend_box("requests failed", "failed", "");
  }

  const Storm& storm_;
  const StormSeries& series_;
  bool utc_;
  SvgWriter svg_;
  double most_replicas_ = 1;
  double most_rate_ = 1;
  std::size_t legend_entries_ = 0;
};

}  // namespace

projections::StormSeriesFold series_fold(const Storm& storm, projections::Model before) {
  const core::Duration margin = std::max(least_margin, storm.to_recover() / 2);
  return {storm.service, storm.began.at - margin, storm.end() + margin, std::move(before)};
}

std::string storm_svg(const Storm& storm, const StormSeries& series, bool utc) {
  return Picture(storm, series, utc).draw();
}

}  // namespace sky::cli
