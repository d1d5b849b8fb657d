#include "adapters/sandbox/catalog.h"

#include <yaml-cpp/yaml.h>

#include <charconv>

#include "adapters/sandbox/catalog_data.h"
#include "core/check.h"

namespace sky::adapters::sandbox {
namespace {

// Keeps the first mistake. What cannot be read becomes empty or zero, or makes yaml-cpp throw,
// which parse_catalog() catches: nothing is used of a file with a mistake.
struct Mistake {
  std::string text;

  void note(const YAML::Node& node, const std::string& why) {
    if (!text.empty()) return;
    text = "line " + std::to_string(node.Mark().line + 1) + ": " + why;
  }
};

YAML::Node needed(const YAML::Node& node, const char* key, Mistake& mistake) {
  YAML::Node value = node[key];
  if (!value) mistake.note(node, std::string("needs '") + key + "'");
  return value;
}

// "0.1400" is exact: an integer and up to six decimals, never a floating point number.
core::Price parse_price(const YAML::Node& node, Mistake& mistake) {
  const std::string text = node.as<std::string>();
  const std::size_t dot = text.find('.');
  std::string digits = text.substr(0, dot);
  std::string decimals = dot == std::string::npos ? "" : text.substr(dot + 1);
  if (decimals.size() > 6) mistake.note(node, "a price has at most six decimals");
  decimals.resize(6, '0');
  digits += decimals;
  core::Price price;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), price.micro_usd_per_hour);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      price.micro_usd_per_hour < 0) {
    mistake.note(node, "not a price: " + text);
  }
  return price;
}

core::Accelerator parse_accelerator(const YAML::Node& node, Mistake& mistake) {
  if (!node) return {};
  const std::string text = node.as<std::string>();
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) mistake.note(node, "an accelerator is written NAME:COUNT");
  return {text.substr(0, colon), YAML::Load(text.substr(colon + 1)).as<std::uint32_t>()};
}

std::uint32_t parse_mib(const YAML::Node& node) { return node.as<std::uint32_t>() * 1024; }

core::Duration parse_seconds(const YAML::Node& node) {
  return core::seconds(node.as<std::int64_t>());
}

struct MachineType {
  std::string name;
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  core::Accelerator accelerator;
  core::Price on_demand;
  core::Price spot;
};

std::vector<MachineType> parse_machines(const YAML::Node& node, Mistake& mistake) {
  std::vector<MachineType> machines;
  for (const auto& entry : node) {
    MachineType machine;
    machine.name = entry.first.as<std::string>();
    machine.vcpus = needed(entry.second, "vcpus", mistake).as<std::uint32_t>();
    machine.memory_mib = parse_mib(needed(entry.second, "memory_gb", mistake));
    machine.accelerator = parse_accelerator(entry.second["accelerator"], mistake);
    machine.on_demand = parse_price(needed(entry.second, "on_demand", mistake), mistake);
    if (entry.second["spot"]) machine.spot = parse_price(entry.second["spot"], mistake);
    machines.push_back(machine);
  }
  return machines;
}

// A string is the price, a number a percentage of the machine's; rounded to $0.0001 as clouds do.
core::Price local_price(const YAML::Node& node, core::Price usual, Mistake& mistake) {
  if (node.Tag() == "!") return parse_price(node, mistake);
  constexpr std::int64_t step = 100;  // micro dollars
  const std::int64_t exact = usual.micro_usd_per_hour * node.as<std::int64_t>() / 100;
  return {(exact + step / 2) / step * step};
}

void add_offers(CatalogCloud& cloud, const YAML::Node& zone, const MachineType& machine,
                Mistake& mistake) {
  const YAML::Node terms = zone[machine.name] ? zone[machine.name] : needed(zone, "all", mistake);
  if (!terms.IsSequence() || terms.size() != 4) {
    mistake.note(terms, "needs [on-demand price, spot price, on-demand capacity, spot capacity]");
  }
  core::Offer offer;
  offer.place = {cloud.name, needed(zone, "region", mistake).as<std::string>(),
                 needed(zone, "zone", mistake).as<std::string>()};
  offer.instance_type = machine.name;
  offer.accelerator = machine.accelerator;
  offer.vcpus = machine.vcpus;
  offer.memory_mib = machine.memory_mib;
  offer.on_demand_price = local_price(terms[0], machine.on_demand, mistake);
  const core::Price spot_price = local_price(terms[1], machine.spot, mistake);
  const auto on_demand_capacity = terms[2].as<std::uint32_t>();
  const auto spot_capacity = terms[3].as<std::uint32_t>();
  if (on_demand_capacity > 0) {
    offer.market = core::Market::on_demand;
    offer.price = offer.on_demand_price;
    cloud.offers.push_back({offer, on_demand_capacity});
  }
  if (spot_capacity > 0 && spot_price.micro_usd_per_hour > 0) {
    offer.market = core::Market::spot;
    offer.price = spot_price;
    cloud.offers.push_back({offer, spot_capacity});
  }
}

CatalogCloud parse_cloud(const YAML::Node& node, Mistake& mistake) {
  CatalogCloud cloud;
  cloud.name = needed(node, "name", mistake).as<std::string>();
  cloud.notice = parse_seconds(needed(node, "notice_seconds", mistake));
  cloud.shortest_provisioning = parse_seconds(needed(node, "provisioning_seconds", mistake)[0]);
  cloud.longest_provisioning = parse_seconds(needed(node, "provisioning_seconds", mistake)[1]);
  cloud.refusal = parse_seconds(needed(node, "refusal_seconds", mistake));
  if (const YAML::Node nodes = node["nodes"]) {
    cloud.nodes.count = needed(nodes, "count", mistake).as<std::uint32_t>();
    cloud.nodes.vcpus = needed(nodes, "vcpus", mistake).as<std::uint32_t>();
    cloud.nodes.memory_mib = parse_mib(needed(nodes, "memory_gb", mistake));
    cloud.nodes.accelerator = parse_accelerator(nodes["accelerator"], mistake);
  }
  const auto machines = parse_machines(needed(node, "machines", mistake), mistake);
  for (const YAML::Node& zone : needed(node, "zones", mistake)) {
    for (const MachineType& machine : machines) add_offers(cloud, zone, machine, mistake);
  }
  return cloud;
}

}  // namespace

const CatalogCloud* Catalog::find(std::string_view cloud) const {
  for (const CatalogCloud& candidate : clouds) {
    if (candidate.name == cloud) return &candidate;
  }
  return nullptr;
}

std::vector<core::Offer> Catalog::offers() const {
  std::vector<core::Offer> offers;
  for (const CatalogCloud& cloud : clouds) {
    for (const CatalogOffer& entry : cloud.offers) offers.push_back(entry.offer);
  }
  return offers;
}

core::Result<Catalog> parse_catalog(const std::string& yaml) {
  Mistake mistake;
  Catalog catalog;
  try {
    for (const YAML::Node& node : needed(YAML::Load(yaml), "clouds", mistake)) {
      catalog.clouds.push_back(parse_cloud(node, mistake));
    }
  } catch (const YAML::Exception& error) {
    if (mistake.text.empty()) mistake.text = error.what();
  }
  if (mistake.text.empty()) return catalog;
  return core::Error{core::ErrorCode::invalid_input, "clouds.yaml: " + mistake.text};
}

const Catalog& catalog() {
  static const Catalog built_in = [] {
    auto parsed = parse_catalog(std::string(catalog_text()));
    SKY_CHECK(parsed.has_value(), "the tests read the file that is built in");
    return std::move(*parsed);
  }();
  return built_in;
}

}  // namespace sky::adapters::sandbox
