#include "adapters/vm/offer_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include "adapters/service_file_reader.h"
#include "adapters/vm/embedded_files.h"
#include "core/check.h"

namespace sky::adapters::vm {
namespace {

constexpr Range<std::uint32_t> factor_range{1, 1000};  // percent
constexpr Range<std::uint32_t> vcpu_range{1, 10'000};
constexpr Range<std::uint32_t> memory_range{1, 100'000};  // GB
constexpr std::int64_t price_step = 100;  // micro dollars: clouds round to $0.0001

struct Region {
  std::string name;
  std::vector<std::string> zones;
  std::uint32_t on_demand = 100;
  std::uint32_t spot = 100;
};

std::vector<std::string> read_names(const Field& field) {
  std::vector<std::string> names;
  if (field.node->kind != YamlNode::Kind::list) field.wrong("must be a list of names");
  for (const YamlNode& item : field.node->items) {
    const Field one{&item, item.line, field.path, field.problems};
    if (const auto text = one.text()) names.push_back(*text);
  }
  return names;
}

// Each entry of a map of maps.
template <class Read>
void each_entry(const Field& field, Read read) {
  if (field.node->kind != YamlNode::Kind::map) return field.wrong("must be a map");
  for (const YamlEntry& entry : field.node->entries)
    read(entry.key, Field{&entry.value, entry.line, field.path + "." + entry.key, field.problems});
}

std::uint32_t read_count(MapReader& map, const char* key, Range<std::uint32_t> range) {
  const auto field = map.value(key);
  if (field) return field->count(range).value_or(0);
  map.wrong(std::string("needs `") + key + "`");
  return 0;
}

core::Price read_price_of(MapReader& map, const char* key) {
  const auto field = map.value(key);
  const auto text = field ? field->text() : std::nullopt;
  const auto price = text ? read_price(*text) : std::nullopt;
  if (field && !price) field->wrong("must be a price in dollars an hour, like 0.526");
  return price.value_or(core::Price{});
}

Region read_region(const std::string& name, const Field& field) {
  Region region;
  region.name = name;
  MapReader map(field);
  if (const auto zones = map.value("zones")) region.zones = read_names(*zones);
  if (region.zones.empty()) map.wrong("needs `zones`");
  region.on_demand = read_count(map, "on_demand", factor_range);
  region.spot = read_count(map, "spot", factor_range);
  map.finish();
  return region;
}

core::Accelerator read_accelerator(const Field& field) {
  const std::string text = field.text().value_or("");
  const std::size_t colon = text.rfind(':');
  core::Accelerator accelerator{text.substr(0, colon), 0};
  const char* end = text.data() + text.size();
  const bool is_read = colon != std::string::npos &&
                       std::from_chars(text.data() + colon + 1, end, accelerator.count).ptr == end;
  if (!is_read || accelerator.count == 0) field.wrong("must be NAME:COUNT, like T4:1");
  return accelerator;
}

core::Price scaled(core::Price price, std::uint32_t percent) {
  const std::int64_t exact = price.micro_usd_per_hour * percent / 100;
  return {(exact + price_step / 2) / price_step * price_step};
}

void read_machine(const std::string& cloud, const std::vector<Region>& regions,
                  const std::string& name, const Field& field, std::vector<core::Offer>& offers) {
  MapReader map(field);
  core::Offer offer;
  offer.instance_type = name;
  if (const auto type = map.value("type")) offer.instance_type = type->text().value_or(name);
  offer.vcpus = read_count(map, "vcpus", vcpu_range);
  offer.memory_mib = read_count(map, "memory_gb", memory_range) * 1024;
  if (const auto accelerator = map.value("accelerator"))
    offer.accelerator = read_accelerator(*accelerator);
  const core::Price on_demand = read_price_of(map, "on_demand");
  const core::Price spot = read_price_of(map, "spot");
  std::vector<std::string> sold_in;
  if (const auto names = map.value("regions")) sold_in = read_names(*names);
  map.finish();
  for (const std::string& one : sold_in)
    if (std::none_of(regions.begin(), regions.end(), [&](const auto& r) { return r.name == one; }))
      map.wrong("there is no region `" + one + "`");
  for (const Region& region : regions) {
    const bool is_sold =
        sold_in.empty() || std::find(sold_in.begin(), sold_in.end(), region.name) != sold_in.end();
    for (const std::string& zone : is_sold ? region.zones : std::vector<std::string>{}) {
      offer.place = {cloud, region.name, zone};
      offer.on_demand_price = scaled(on_demand, region.on_demand);
      offer.market = core::Market::on_demand;
      offer.price = offer.on_demand_price;
      offers.push_back(offer);
      if (spot.micro_usd_per_hour == 0) continue;
      offer.market = core::Market::spot;
      offer.price = scaled(spot, region.spot);
      offers.push_back(offer);
    }
  }
}

void read_cloud(const std::string& cloud, const Field& field, std::vector<core::Offer>& offers) {
  MapReader map(field);
  std::vector<Region> regions;
  if (const auto value = map.value("regions"))
    each_entry(*value, [&](const std::string& name, const Field& one) {
      regions.push_back(read_region(name, one));
    });
  if (const auto value = map.value("machines"))
    each_entry(*value, [&](const std::string& name, const Field& one) {
      read_machine(cloud, regions, name, one, offers);
    });
  map.finish();
}

// ---- sanity

using Kind = std::tuple<std::string, std::string, core::Accelerator, core::Market>;

Kind kind_of(const core::Offer& offer) {
  return {offer.place.cloud, offer.instance_type, offer.accelerator, offer.market};
}

std::map<Kind, core::Price> medians_of(const std::vector<core::Offer>& offers) {
  constexpr std::size_t least_places = 3;  // of fewer nothing can be said
  std::map<Kind, std::vector<core::Price>> prices;
  for (const core::Offer& offer : offers)
    if (offer.is_paid()) prices[kind_of(offer)].push_back(offer.price);
  std::map<Kind, core::Price> medians;
  for (auto& [kind, all] : prices) {
    if (all.size() < least_places) continue;
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    std::nth_element(all.begin(), middle, all.end());
    medians[kind] = *middle;
  }
  return medians;
}

bool is_far(core::Price price, core::Price median, std::int64_t times) {
  return price.micro_usd_per_hour * times < median.micro_usd_per_hour ||
         price.micro_usd_per_hour > median.micro_usd_per_hour * times;
}

std::string named(const core::Offer& offer) {
  return fmt::format("{} {}{}", to_text(offer.place), offer.instance_type,
                     offer.is_spot() ? " spot" : "");
}

}  // namespace

core::Result<std::vector<core::Offer>> parse_offer_catalog(std::string_view yaml,
                                                           const std::string& file_name) {
  const auto root = parse_yaml(yaml, file_name);
  if (!root) return root.error();
  Problems problems(file_name);
  std::vector<core::Offer> offers;
  MapReader map({&*root, root->line, "", &problems});
  if (const auto clouds = map.value("clouds"))
    each_entry(*clouds,
               [&](const std::string& name, const Field& one) { read_cloud(name, one, offers); });
  map.finish();
  if (!problems.empty()) return problems.error();
  return offers;
}

std::vector<core::Offer> catalog_offers(std::string_view cloud) {
  static const std::vector<core::Offer> all = [] {
    auto parsed = parse_offer_catalog(offers_text(), "offers.yaml");
    SKY_CHECK(parsed.has_value(), "the tests read the table that is built in");
    return std::move(*parsed);
  }();
  std::vector<core::Offer> offers;
  std::copy_if(all.begin(), all.end(), std::back_inserter(offers),
               [&](const core::Offer& offer) { return offer.place.cloud == cloud; });
  return offers;
}

std::vector<std::string> catalog_regions(std::string_view cloud) {
  std::vector<std::string> regions;
  for (const core::Offer& offer : catalog_offers(cloud))
    if (std::find(regions.begin(), regions.end(), offer.place.region) == regions.end())
      regions.push_back(offer.place.region);
  return regions;
}

std::vector<core::Offer> with_spot_prices(const std::vector<core::Offer>& offers,
                                          const std::string& region,
                                          const std::vector<ZonePrice>& prices) {
  std::map<std::string, std::map<std::string, core::Price>> by_type;
  for (const ZonePrice& one : prices) by_type[one.instance_type][one.zone] = one.price;
  std::set<std::tuple<std::string, core::Accelerator, core::Market>> done;
  std::vector<core::Offer> out;
  for (const core::Offer& offer : offers) {
    const auto live = by_type.find(offer.instance_type);
    if (offer.place.region != region || live == by_type.end()) {
      out.push_back(offer);
      continue;
    }
    if (!done.insert({offer.instance_type, offer.accelerator, offer.market}).second) continue;
    for (const auto& [zone, price] : live->second) {
      core::Offer here = offer;
      here.place.zone = zone;
      if (here.is_spot()) here.price = price;
      out.push_back(here);
    }
  }
  return out;
}

SaneOffers sane_offers(const std::vector<core::Offer>& offers) {
  constexpr std::int64_t on_demand_times = 3, spot_times = 10;
  const auto medians = medians_of(offers);
  SaneOffers out;
  for (core::Offer offer : offers) {
    if (!offer.is_paid()) {
      out.notes.push_back(named(offer) + ": no price is known, left out");
      continue;
    }
    const auto median = medians.find(kind_of(offer));
    if (median != medians.end() &&
        is_far(offer.price, median->second, offer.is_spot() ? spot_times : on_demand_times)) {
      out.notes.push_back(fmt::format("{}: {} is far from the usual {}, which is taken instead",
                                      named(offer), offer.price.usd_per_hour(),
                                      median->second.usd_per_hour()));
      offer.price = median->second;
    }
    if (!offer.is_spot()) offer.on_demand_price = offer.price;
    if (offer.is_spot() && offer.price > offer.on_demand_price) {
      out.notes.push_back(fmt::format("{}: {} is above on-demand, which is taken instead",
                                      named(offer), offer.price.usd_per_hour()));
      offer.price = offer.on_demand_price;
    }
    out.offers.push_back(std::move(offer));
  }
  return out;
}

std::optional<core::Price> read_price(std::string_view text) {
  constexpr std::size_t exact_decimals = 6;
  const std::size_t dot = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, dot));
  std::string decimals(dot < text.size() ? text.substr(dot + 1) : "");
  const bool is_plain = decimals.find_first_not_of("0123456789") == std::string::npos;
  decimals.resize(exact_decimals, '0');
  digits += decimals;
  core::Price price;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), price.micro_usd_per_hour);
  if (dot == 0 || !is_plain || error != std::errc() || end != digits.data() + digits.size() ||
      price.micro_usd_per_hour < 0)
    return {};
  return price;
}

}  // namespace sky::adapters::vm
