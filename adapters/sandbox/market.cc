#include "adapters/sandbox/market.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "adapters/json.h"
#include "core/check.h"
#include "core/splitmix.h"

namespace sky::adapters::sandbox {
namespace {

// Lomax parameters fitted to the public AWS spot traces, all pooled (up) and of their gaps (down).
constexpr double up_shape = 1.19, up_scale_hours = 0.8;
constexpr double down_shape = 1.43, down_scale_hours = 1.0;
// The distribution has no mean worth the name: one period is never drawn longer than this.
constexpr double longest_hours = 24.0 * 14;
constexpr double shortest_hours = 1.0 / 60;

std::uint64_t zone_seed(std::uint64_t seed, const std::string& zone) {
  std::uint64_t value = core::mixed(seed);
  for (const char byte : zone) value = core::mixed(value ^ static_cast<unsigned char>(byte));
  return value;
}

core::Duration lomax(std::uint64_t random, double shape, double scale_hours) {
  const double hours = scale_hours * (std::pow(core::uniform(random), -1 / shape) - 1);
  const double clamped = std::clamp(hours, shortest_hours, longest_hours);
  return core::Duration(static_cast<std::int64_t>(clamped * 3600e6));
}

core::Result<std::vector<std::uint32_t>> parse_column(const JsonView& view) {
  auto samples = view.elements();
  if (!samples) return samples.error();
  std::vector<std::uint32_t> column;
  for (const JsonView& sample : *samples) {
    const auto count = sample.as_number();
    if (!count) return count.error();
    if (*count < 0 || *count > 1e6) {
      return core::Error{core::ErrorCode::invalid_input, sample.path() + ": not a capacity"};
    }
    column.push_back(static_cast<std::uint32_t>(*count));
  }
  return column;
}

}  // namespace

core::Result<MarketTrace> parse_market_trace(const std::string& json) {
  const auto document = parse_json(json);
  if (!document) return document.error();
  const JsonView root(*document);
  const bool is_raw = root.at("metadata").is_present();  // one zone, as the collectors wrote it
  const auto gap = (is_raw ? root.at("metadata") : root).at("gap_seconds").as_number();
  if (!gap) return gap.error();
  MarketTrace trace;
  trace.gap = core::Duration(static_cast<std::int64_t>(*gap * 1e6));
  std::vector<JsonView> columns{root.at("data")};
  if (!is_raw) {
    auto found = root.at("capacity").elements();
    if (!found) return found.error();
    columns = *found;
  }
  for (const JsonView& view : columns) {
    auto column = parse_column(view);
    if (!column) return column.error();
    trace.capacity.push_back(std::move(*column));
  }
  for (std::size_t i = 0; i < root.at("zones").size(); ++i) {
    trace.zones.push_back(root.at("zones").at(i).text_or(""));
  }
  for (std::size_t i = 0; i < root.at("regions").size(); ++i) {
    trace.regions.push_back(root.at("regions").at(i).text_or(""));
  }
  const bool has_gaps = std::any_of(trace.capacity.begin(), trace.capacity.end(),
                                    [](const auto& column) { return column.empty(); });
  if (trace.gap.count() <= 0 || trace.capacity.empty() || has_gaps) {
    return core::Error{core::ErrorCode::invalid_input, "the trace has no samples, or no gap"};
  }
  return trace;
}

Market Market::calm() { return {}; }

Market Market::seeded(std::uint64_t seed) {
  Market market;
  market.kind_ = Kind::seeded;
  market.seed_ = seed;
  return market;
}

Market Market::recorded(MarketTrace trace, std::vector<std::string> zones) {
  SKY_CHECK(!trace.capacity.empty() && !trace.capacity.front().empty(), "a trace has samples");
  Market market;
  market.kind_ = Kind::recorded;
  market.trace_ = std::move(trace);
  market.zones_ = std::move(zones);
  return market;
}

const std::vector<std::uint32_t>& Market::column(const std::string& zone) const {
  const auto& named = trace_.zones;
  const auto by_name = std::find(named.begin(), named.end(), zone);
  auto index = static_cast<std::size_t>(by_name - named.begin());
  if (by_name == named.end() || index >= trace_.capacity.size()) {
    const auto place = std::find(zones_.begin(), zones_.end(), zone);
    index = static_cast<std::size_t>(place - zones_.begin()) % trace_.capacity.size();
  }
  return trace_.capacity[index];
}

Market::Period Market::seeded_period(const std::string& zone, core::Duration at) const {
  Period period;
  const std::uint64_t base = zone_seed(seed_, zone);
  for (std::uint64_t i = 0;; ++i) {
    const std::uint64_t random = core::mixed(base + i);
    period.is_up = i % 2 == 0;  // every zone begins with capacity: the first minutes are calm
    period.end += period.is_up ? lomax(random, up_shape, up_scale_hours)
                               : lomax(random, down_shape, down_scale_hours);
    if (period.end > at) return period;
  }
}

std::uint32_t Market::capacity(const std::string& zone, std::uint32_t full,
                               core::Duration at) const {
  if (kind_ == Kind::calm) return full;
  if (kind_ == Kind::seeded) return seeded_period(zone, at).is_up ? full : 0;
  const auto& samples = column(zone);
  const auto index = static_cast<std::size_t>(at / trace_.gap) % samples.size();
  const std::uint32_t most = *std::max_element(samples.begin(), samples.end());
  return samples[index] == most && most > 0 ? full : std::min(full, samples[index]);
}

std::optional<core::Duration> Market::next_change(const std::string& zone,
                                                  core::Duration at) const {
  if (kind_ == Kind::calm) return std::nullopt;
  if (kind_ == Kind::seeded) return seeded_period(zone, at).end;
  const auto& samples = column(zone);
  const auto begin = at / trace_.gap;
  for (std::size_t i = 1; i <= samples.size(); ++i) {
    const auto now = static_cast<std::size_t>(begin) % samples.size();
    if (samples[(now + i) % samples.size()] != samples[now]) {
      return trace_.gap * (begin + static_cast<std::int64_t>(i));
    }
  }
  return std::nullopt;
}

}  // namespace sky::adapters::sandbox
