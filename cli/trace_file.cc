#include "cli/trace_file.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <utility>

#include "adapters/durable_file.h"
#include "adapters/sandbox/market.h"
#include "projections/simulation/drawn_trace.h"

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using projections::SpotTrace;

constexpr std::string_view drawn_prefix = "drawn:";

Result<SpotTrace> drawn(std::string_view digits) {
  projections::TraceRecipe recipe;
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), recipe.seed);
  if (failed != std::errc{} || end != digits.data() + digits.size())
    return Error{ErrorCode::usage, "--trace drawn:" + std::string(digits) + ": say drawn:NUMBER"};
  return projections::draw_trace(recipe);
}

Result<SpotTrace> named(adapters::sandbox::MarketTrace market, const std::string& path) {
  SpotTrace trace;
  trace.name = std::filesystem::path(path).stem().string();
  trace.gap = market.gap;
  const std::size_t length = market.capacity.front().size();
  for (std::size_t z = 0; z < market.capacity.size(); ++z) {
    if (market.capacity[z].size() != length)
      return Error{ErrorCode::invalid_input, path + ": capacity[" + std::to_string(z) + "] has " +
                                                 std::to_string(market.capacity[z].size()) +
                                                 " samples, capacity[0] " + std::to_string(length)};
    const std::string zone =
        z < market.zones.size() ? market.zones[z] : "zone-" + std::to_string(z + 1);
    trace.zones.push_back(
        {"trace", z < market.regions.size() ? market.regions[z] : region_of_zone(zone), zone});
  }
  trace.capacity = std::move(market.capacity);
  return trace;
}

// One more zone of the trace that the files of single zones are.
Result<void> join(SpotTrace& trace, adapters::sandbox::MarketTrace market,
                  const std::string& path) {
  if (!trace.capacity.empty() && trace.gap != market.gap)
    return Error{ErrorCode::invalid_input,
                 path + ": metadata.gap_seconds is not that of the zones before it"};
  const std::string zone = std::filesystem::path(path).stem().string();
  if (trace.capacity.empty())
    trace.name = std::filesystem::path(path).parent_path().stem().string();
  if (trace.name.empty()) trace.name = "trace";
  trace.gap = market.gap;
  trace.zones.push_back({"trace", region_of_zone(zone), zone});
  trace.capacity.push_back(std::move(market.capacity.front()));
  std::size_t shortest = trace.capacity.front().size();
  for (const auto& row : trace.capacity) shortest = std::min(shortest, row.size());
  for (auto& row : trace.capacity) row.resize(shortest);
  return {};
}

}  // namespace

std::string region_of_zone(const std::string& zone) {
  std::string region = zone;
  if (region.size() > 1 && std::isalpha(static_cast<unsigned char>(region.back())) != 0)
    region.pop_back();
  if (region.size() > 1 && region.back() == '-') region.pop_back();
  return region;
}

Result<std::vector<SpotTrace>> read_traces(const std::vector<std::string>& paths) {
  std::vector<SpotTrace> traces;
  SpotTrace joined;
  for (const std::string& path : paths) {
    if (path.starts_with(drawn_prefix)) {
      auto trace = drawn(std::string_view(path).substr(drawn_prefix.size()));
      if (!trace) return trace.error();
      traces.push_back(std::move(*trace));
      continue;
    }
    const auto text = adapters::read_file(path, max_trace_bytes);
    if (!text) return text.error();
    auto market = adapters::sandbox::parse_market_trace(*text);
    if (!market) return Error{market.error().code, path + ": " + market.error().text};
    if (market->zones.empty() && market->capacity.size() == 1) {
      if (auto done = join(joined, std::move(*market), path); !done) return done.error();
      continue;
    }
    auto trace = named(std::move(*market), path);
    if (!trace) return trace.error();
    traces.push_back(std::move(*trace));
  }
  if (!joined.capacity.empty()) traces.push_back(std::move(joined));
  return traces;
}

}  // namespace sky::cli
