#include "projections/wording.h"

#include <cstdint>

namespace sky::projections {
namespace {

// value / 10^decimals with at least `kept` and at most `decimals` decimals.
std::string decimal_text(std::int64_t value, int decimals, int kept) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  const auto width = static_cast<std::size_t>(decimals) + 1;
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  const std::size_t point = digits.size() - static_cast<std::size_t>(decimals);
  std::string part = digits.substr(point);
  while (part.size() > static_cast<std::size_t>(kept) && part.back() == '0') part.pop_back();
  std::string text = value < 0 ? "-" : "";
  text += digits.substr(0, point);
  return part.empty() ? text : text + "." + part;
}

std::int64_t rounded(std::int64_t value, std::int64_t unit) {
  return (value + (value < 0 ? -unit : unit) / 2) / unit;
}

}  // namespace

std::string duration_text(core::Duration duration) {
  const std::int64_t us = duration.count();
  constexpr std::int64_t ms = 1000, s = 1'000'000;
  if (us != 0 && us < ms && us > -ms) return std::to_string(us) + " us";
  if (us != 0 && us < s && us > -s) return decimal_text(rounded(us, ms), 0, 0) + " ms";
  return decimal_text(rounded(us, s / 10), 1, 0) + " s";
}

std::string rate_text(core::MilliRps rate) { return decimal_text(rate.value, 3, 0) + " QPS"; }

std::string price_text(core::Price price) {
  return "$" + decimal_text(rounded(price.micro_usd_per_hour, 100), 4, 2);
}

std::string money_text(core::Money money) {
  constexpr std::int64_t one_dollar = 1'000'000'000;
  if (money.nano_usd < one_dollar)
    return "$" + decimal_text(rounded(money.nano_usd, 100'000), 4, 2);
  return "$" + decimal_text(rounded(money.nano_usd, 10'000'000), 2, 2);
}

std::string cloud_text(const std::string& cloud) {
  if (cloud == "kubernetes") return "Kubernetes";
  if (cloud == "aws") return "AWS";
  if (cloud == "gcp") return "GCP";
  return cloud;
}

std::string place_text(const core::Place& place) {
  if (place.cloud == "kubernetes") return "kubernetes";
  if (!place.zone.empty()) return place.zone;
  return place.region.empty() ? place.cloud : place.region;
}

std::string offer_text(const core::Offer& offer) {
  std::string text = cloud_text(offer.place.cloud) + " " + offer.instance_type;
  if (offer.is_spot()) text += "[Spot]";
  if (offer.place.cloud != "kubernetes") text += " in " + place_text(offer.place);
  return text + " at " + price_text(offer.price) + "/h";
}

std::string count_text(std::uint64_t count, const char* singular) {
  return std::to_string(count) + " " + singular + (count == 1 ? "" : "s");
}

}  // namespace sky::projections
