#include "cli/load_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/json.h"

namespace sky::cli {
namespace {

// A generator this late no longer makes the load it was asked for. A guess: ten timer ticks.
constexpr core::Duration worrying_lag = core::milliseconds(10);

std::uint32_t stored(core::Duration duration) {
  constexpr std::int64_t hour_us = 3'600'000'000;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(duration.count(), 0, hour_us));
}

Percentiles percentiles_of(std::vector<std::uint32_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto rank = [&](std::size_t percent) {
    const std::size_t position = (values.size() * percent + 99) / 100;  // from 1, rounded up
    return core::Duration(values[std::max<std::size_t>(position, 1) - 1]);
  };
  return {rank(50), rank(90), rank(99), core::Duration(values.back())};
}

double in_ms(core::Duration duration) { return static_cast<double>(duration.count()) / 1000; }
double in_s(core::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

std::string row(const char* name, const Percentiles& values) {
  const auto cell = [](core::Duration value) { return fmt::format("{:.1f} ms", in_ms(value)); };
  return fmt::format("{:<12}{:>12}{:>12}{:>12}{:>12}\n", name, cell(values.p50), cell(values.p90),
                     cell(values.p99), cell(values.max));
}

void add_percentiles(adapters::JsonWriter& out, const char* name, const Percentiles& values) {
  out.key(name).begin_object();
  out.member("p50", in_ms(values.p50)).member("p90", in_ms(values.p90));
  out.member("p99", in_ms(values.p99)).member("max", in_ms(values.max)).end_object();
}

void add_counts(adapters::JsonWriter& out, const char* name,
                const std::map<std::string, std::uint64_t>& counts) {
  out.key(name).begin_object();
  for (const auto& [what, count] : counts) out.member(what, count);
  out.end_object();
}

std::string join(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [what, count] : counts)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", what, count);
  return text;
}

}  // namespace

void LoadReport::add_ok(core::Duration latency, core::Duration first_byte) {
  latency_us_.push_back(stored(latency));
  first_byte_us_.push_back(stored(first_byte));
}

void LoadReport::add_failure(const std::string& cause) {
  ++failed_;
  ++failures_[cause];
}

void LoadReport::add_replica(const std::string& replica) { ++replicas_[replica]; }

void LoadReport::set_run(core::Duration elapsed, core::Duration worst_lag, bool was_interrupted) {
  elapsed_ = elapsed;
  worst_lag_ = worst_lag;
  was_interrupted_ = was_interrupted;
}

Percentiles LoadReport::latency() const { return percentiles_of(latency_us_); }
Percentiles LoadReport::first_byte() const { return percentiles_of(first_byte_us_); }

std::string LoadReport::as_text(const LoadOptions& options) const {
  std::string text = fmt::format("{} qps ({}) for {:.1f} s against {}{}\n", options.qps,
                                 options.is_poisson ? "poisson" : "even", in_s(elapsed_),
                                 options.url, was_interrupted_ ? ", interrupted" : "");
  text += fmt::format("sent {}, ok {}, failed {}\n", sent_, ok(), failed_);
  if (failed_ != 0) text += fmt::format("failed by    {}\n", join(failures_));
  if (not_sent_ != 0)
    text += fmt::format("not sent     {}: client limit ({} in flight)\n", not_sent_,
                        options.max_in_flight);
  if (worst_lag_ > worrying_lag)
    text += fmt::format("this client was up to {:.0f} ms late: the load was not even\n",
                        in_ms(worst_lag_));
  if (ok() != 0) {
    text += fmt::format("{:<12}{:>12}{:>12}{:>12}{:>12}\n", "", "p50", "p90", "p99", "max");
    text += row("latency", latency()) + row("first byte", first_byte());
  }
  if (!replicas_.empty()) text += fmt::format("by replica   {}\n", join(replicas_));
  return text;
}

std::string LoadReport::as_json(const LoadOptions& options) const {
  adapters::JsonWriter out;
  out.begin_object().member("url", options.url).member("qps", options.qps);
  out.member("arrivals", options.is_poisson ? "poisson" : "even");
  out.member("seconds", in_s(elapsed_)).member("interrupted", was_interrupted_);
  out.member("sent", sent_).member("ok", ok()).member("failed", failed_);
  out.member("not_sent", not_sent_);
  add_counts(out, "failures", failures_);
  add_percentiles(out, "latency_ms", latency());
  add_percentiles(out, "first_byte_ms", first_byte());
  add_counts(out, "replicas", replicas_);
  out.member("worst_lag_ms", in_ms(worst_lag_));
  return out.end_object().take() + "\n";
}

}  // namespace sky::cli
