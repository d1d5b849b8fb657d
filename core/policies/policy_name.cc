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

std::string percent_text(std::uint32_t ppm) {
  std::string digits = std::to_string(10'000 + ppm % 10'000).substr(1);
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  return std::to_string(ppm / 10'000) + (digits.empty() ? "" : "." + digits);
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
    const auto ppm = parse_availability(text);
    if (!ppm) return ppm.error();
    follow_availability(policy, *ppm);
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

std::string value_of(const MarketPolicy& policy, const std::string& key) {
  if (key == "rule") return policy.forgives_late ? "artifact" : "printed";
  if (key == "availability")
    return policy.availability_ppm == 0 ? "" : percent_text(policy.availability_ppm);
  if (key == "extra") return std::to_string(policy.extra);
  if (key == "on_demand") return std::to_string(policy.fixed_on_demand);
  if (key == "any") return std::to_string(policy.weights.any);
  if (key == "share") return std::to_string(policy.weights.share);
  if (key == "square") return std::to_string(policy.weights.square);
  if (key == "age") return policy.knows_age ? "1" : "0";
  if (key == "split") return policy.splits ? "1" : "0";
  return std::to_string(whole_seconds(policy.probe_every));  // probe
}

// The name's own policy with the keys that differ in `policy`.
std::string with_keys(const std::string& name, const MarketPolicy& policy) {
  const Named& named = table().at(name);
  MarketPolicy plain = named.policy;
  const std::string availability = value_of(policy, "availability");
  std::string text;
  const auto add = [&](const std::string& key, const std::string& value) {
    text += (text.empty() ? ":" : ",") + key + "=" + value;
  };
  // First, as it brings weights of its own.
  if (!availability.empty() && set(plain, "availability", availability))
    add("availability", availability);
  for (const std::string& key : named.keys)
    if (value_of(plain, key) != value_of(policy, key)) add(key, value_of(policy, key));
  return name + text;
}

}  // namespace

Result<std::uint32_t> parse_availability(std::string_view text) {
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

void follow_availability(MarketPolicy& policy, std::uint32_t availability_ppm) {
  policy.availability_ppm = availability_ppm;
  if (policy.weights == economical_weights) policy.weights = tracked_weights;
}

std::string to_text(const MarketPolicy& policy) {
  std::string shortest;
  for (const auto& [name, named] : table()) {
    if (named.policy.rule != policy.rule) continue;
    std::string text = with_keys(name, policy);
    if (shortest.empty() || text.size() < shortest.size()) shortest = std::move(text);
  }
  return shortest;
}

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

std::string placement_text(const ReplicaPolicy& policy) {
  switch (policy.placement) {
    case Placement::market: return to_text(policy.market);
    case Placement::spot_hedge:
      return policy.market.forgives_late ? "spot_hedge:rule=artifact" : "spot_hedge";
    case Placement::static_mixture:
    case Placement::unknown: break;
  }
  return "static_mixture";
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
