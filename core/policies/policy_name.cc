#include "core/policies/policy_name.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace sky::core {
namespace {

Error wrong(std::string text) { return {ErrorCode::invalid_input, std::move(text)}; }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Result<std::uint32_t> whole(std::string_view key, std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 1'000'000)
    return wrong(std::string(key) + "=" + std::string(text) + ": not a whole number up to 1000000");
  return value;
}

// "99.5" percent as parts of a million.
Result<std::uint32_t> percent_ppm(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(point == text.size() ? point : point + 1));
  const bool is_too_fine = digits.size() > 4;
  digits.resize(4, '0');
  const auto before = whole("availability", text.substr(0, point));
  const auto after = whole("availability", digits);
  if (is_too_fine || !before || !after || *before > 99 || *before < 50)
    return wrong("availability=" + std::string(text) +
                 ": percent, from 50 to 99.9999, with at most four decimals");
  return *before * 10'000 + *after;
}

using Keys = std::vector<std::string>;

struct Named {
  MarketPolicy policy;
  Keys keys;
};

const std::map<std::string, Named>& table() {
  static const Keys hedge{"any", "share", "square", "age", "split", "probe", "availability"};
  const auto of = [](MarketRule rule) {
    MarketPolicy policy;
    policy.rule = rule;
    return policy;
  };
  static const std::map<std::string, Named> named = [&] {
    std::map<std::string, Named> all;
    all["all_on_demand"] = {of(MarketRule::all_on_demand), {}};
    all["even_spread"] = {of(MarketRule::even_spread), {}};
    all["round_robin"] = {of(MarketRule::round_robin), {}};
    all["static_mixture"] = {of(MarketRule::static_mixture), {"on_demand", "extra"}};
    all["static_mixture"].policy.extra = 0;
    all["spot_hedge"] = {of(MarketRule::spot_hedge), {"extra", "rule"}};
    all["age_gated"] = {of(MarketRule::age_gated), {"extra"}};
    all["hazard_hedge"] = {of(MarketRule::hazard_hedge), hedge};
    all["hazard_hedge"].policy.weights = economical_weights;
    all["hazard_hedge_safe"] = {of(MarketRule::hazard_hedge), hedge};
    all["hazard_hedge_safe"].policy.weights = safe_weights;
    all["hazard_hedge_safe"].policy.splits = true;
    return all;
  }();
  return named;
}

Result<void> set(MarketPolicy& policy, std::string_view key, std::string_view text) {
  if (key == "rule") {
    if (text != "printed" && text != "artifact")
      return wrong("rule=" + std::string(text) + ": printed or artifact");
    policy.forgives_late = text == "artifact";
    return {};
  }
  if (key == "availability") {
    const auto ppm = percent_ppm(text);
    if (!ppm) return ppm.error();
    policy.availability_ppm = *ppm;
    if (policy.weights == economical_weights) policy.weights = tracked_weights;
    return {};
  }
  const auto value = whole(key, text);
  if (!value) return value.error();
  if (key == "extra") policy.extra = *value;
  if (key == "on_demand") policy.fixed_on_demand = *value;
  if (key == "any") policy.weights.any = *value;
  if (key == "share") policy.weights.share = *value;
  if (key == "square") policy.weights.square = *value;
  if (key == "age") policy.knows_age = *value != 0;
  if (key == "split") policy.splits = *value != 0;
  if (key == "probe") policy.probe_every = seconds(*value);
  return {};
}

}  // namespace

Result<MarketPolicy> parse_policy(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string name(text.substr(0, colon));
  const auto found = table().find(name);
  if (found == table().end())
    return wrong("no policy \"" + name + "\"; there are " + joined(policy_names()));
  MarketPolicy policy = found->second.policy;
  for (std::size_t at = colon + 1; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view pair = text.substr(at, end - at);
    const std::size_t equals = pair.find('=');
    const std::string key(pair.substr(0, equals));
    const Keys& keys = found->second.keys;
    if (equals == std::string_view::npos || std::find(keys.begin(), keys.end(), key) == keys.end())
      return wrong("policy " + name + ": no \"" + std::string(pair) + "\"; it takes " +
                   (keys.empty() ? "nothing" : "KEY=VALUE with " + joined(keys)));
    if (auto done = set(policy, key, pair.substr(equals + 1)); !done) return done.error();
    at = end + 1;
  }
  return policy;
}

const std::vector<std::string>& policy_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, named] : table()) all.push_back(name);
    return all;
  }();
  return names;
}

}  // namespace sky::core
