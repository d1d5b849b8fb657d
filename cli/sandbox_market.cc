#include "cli/sandbox_market.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <utility>

namespace sky::cli {
namespace {

using adapters::sandbox::Market;
using core::Error;
using core::ErrorCode;

constexpr std::string_view seed_prefix = "seed:";
constexpr std::string_view trace_prefix = "trace:";

std::filesystem::path file_of(const Home& home) { return home.root / "sandbox.market"; }

core::Result<Market> open_trace(const std::string& path, std::vector<std::string> zones) {
  std::ifstream file(path);
  if (!file) return Error{ErrorCode::not_found, "cannot read the market's trace " + path};
  std::ostringstream text;
  text << file.rdbuf();
  auto trace = adapters::sandbox::parse_market_trace(text.str());
  if (!trace) return Error{trace.error().code, path + ": " + trace.error().text};
  return Market::recorded(std::move(*trace), std::move(zones));
}

}  // namespace

core::Result<MarketChoice> stored_market(const Home& home) {
  MarketChoice choice;
  std::ifstream file(file_of(home));
  if (!file) return choice;
  if (!(file >> choice.speed_percent) || !std::getline(file >> std::ws, choice.kind))
    return Error{ErrorCode::corrupt,
                 file_of(home).string() + " cannot be read; remove it for a calm sandbox market"};
  return choice;
}

core::Result<void> store_market(const Home& home, const MarketChoice& choice) {
  std::ofstream file(file_of(home), std::ios::trunc);
  file << choice.speed_percent << ' ' << choice.kind << '\n';
  file.close();
  if (!file) return Error{ErrorCode::io, "cannot write " + file_of(home).string()};
  return {};
}

core::Result<Market> open_market(const MarketChoice& choice, std::vector<std::string> zones) {
  const std::string_view kind = choice.kind;
  if (kind == "calm") return Market::calm();
  if (kind.starts_with(trace_prefix))
    return open_trace(std::string(kind.substr(trace_prefix.size())), std::move(zones));
  if (kind.starts_with(seed_prefix)) {
    const std::string_view digits = kind.substr(seed_prefix.size());
    std::uint64_t seed = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), seed);
    if (failed == std::errc{} && end == digits.data() + digits.size()) return Market::seeded(seed);
  }
  return Error{ErrorCode::usage,
               "--sandbox-market " + choice.kind + ": say calm, seed:NUMBER, or trace:FILE"};
}

}  // namespace sky::cli
