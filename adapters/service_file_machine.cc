// The values inside `resources:` that have a little language of their own.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "adapters/service_file_sections.h"

namespace sky::adapters {
namespace {

constexpr double max_vcpus = 10'000;  // guesses, an order above the largest machines sold
constexpr double max_memory_gib = 100'000;
constexpr std::uint32_t max_accelerators = 1'000;

struct SizedText {
  double value;
  bool at_least;
};

// "4", "4+", and with a unit "16GB+".
std::optional<SizedText> read_sized(const Field& field, Range<double> range, bool unit_allowed) {
  const auto text = field.text();
  if (!text) return {};
  YamlNode number = *field.node;
  number.kind = YamlNode::Kind::plain;
  const bool at_least = !text->empty() && text->back() == '+';
  if (at_least) number.text.pop_back();
  const auto ends_with_unit = [&](const char* unit) {
    const std::string upper = to_upper(number.text);
    return upper.size() > 2 && upper.substr(upper.size() - 2) == unit;
  };
  if (unit_allowed && (ends_with_unit("GB") || ends_with_unit("GI")))
    number.text.resize(number.text.size() - 2);
  const auto value = to_number(number);
  if (!value) {
    field.wrong(
        fmt::format("must be a number such as 4 (exactly) or 4+ (at least), is `{}`", *text));
    return {};
  }
  if (*value < range.lowest || *value > range.highest) {
    field.wrong(
        fmt::format("must be from {:g} to {:g}, is {}", range.lowest, range.highest, *text));
    return {};
  }
  return SizedText{*value, at_least};
}

bool is_accelerator_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), allowed);
}

// "T4" or "T4:1" with an optional count beside it (the map form).
void add_accelerator(const Field& field, const std::string& text, const YamlNode* count,
                     std::vector<core::Accelerator>& accelerators) {
  core::Accelerator accelerator;
  const std::size_t colon = text.rfind(':');
  accelerator.name = to_upper(text.substr(0, colon));
  accelerator.count = 1;
  if (!is_accelerator_name(accelerator.name))
    return field.wrong(fmt::format("`{}` is no accelerator; write NAME:COUNT, as in T4:1", text));
  YamlNode number;
  number.kind = YamlNode::Kind::plain;
  if (colon != std::string::npos) {
    if (count != nullptr) return field.wrong(fmt::format("`{}` has two counts", text));
    number.text = text.substr(colon + 1);
    count = &number;
  }
  if (count != nullptr) {
    const Field counted{count, field.line, field.path, field.problems};
    const auto value = counted.count({1, max_accelerators});
    if (!value) return;
    accelerator.count = *value;
  }
  if (std::find(accelerators.begin(), accelerators.end(), accelerator) == accelerators.end())
    accelerators.push_back(accelerator);
}

const std::vector<std::string>& supported_clouds() {
  static const std::vector<std::string> clouds = {"aws", "gcp", "kubernetes"};
  return clouds;
}

// Clouds that SkyPilot knows. Named so that a user is not told about a typing mistake.
bool is_known_elsewhere(const std::string& cloud) {
  static const char* const others[] = {
      "azure",  "lambda",         "ibm",       "scp",     "oci",    "cudo",    "fluidstack",
      "runpod", "paperspace",     "vast",      "vsphere", "nebius", "do",      "hyperbolic",
      "seeweb", "primeintellect", "shadeform", "ssh",     "slurm",  "mithril", "verda",
      "local",  "together",       "cloudflare"};
  return std::find(std::begin(others), std::end(others), cloud) != std::end(others);
}

std::string read_cloud(const Field& field, const std::string& word) {
  std::string cloud = to_lower(word);
  if (cloud == "*" || cloud.empty()) return {};
  if (cloud == "k8s") cloud = "kubernetes";
  const auto& clouds = supported_clouds();
  if (std::find(clouds.begin(), clouds.end(), cloud) != clouds.end()) return cloud;
  if (is_known_elsewhere(cloud)) {
    field.unsupported(
        fmt::format("the cloud {} is not supported yet; aws, gcp, kubernetes are", word));
  } else {
    const std::string near = nearest_word(cloud, clouds);
    field.wrong(fmt::format(
        "the cloud `{}` is not known; {}", word,
        near.empty() ? "one of: aws, gcp, kubernetes" : "did you mean `" + near + "`?"));
  }
  return {};
}

std::string unless_wildcard(const std::string& part) { return part == "*" ? "" : part; }

core::Place read_infra(const Field& field) {
  core::Place place;
  const auto text = field.text();
  if (!text) return place;
  const std::size_t first = text->find('/');
  place.cloud = read_cloud(field, text->substr(0, first));
  if (first == std::string::npos) return place;
  const std::string rest = text->substr(first + 1);
  if (place.cloud == "kubernetes") {  // a context may hold slashes itself
    place.region = unless_wildcard(rest);
    return place;
  }
  const std::size_t second = rest.find('/');
  place.region = unless_wildcard(rest.substr(0, second));
  if (second != std::string::npos) place.zone = unless_wildcard(rest.substr(second + 1));
  if (place.zone.find('/') != std::string::npos || rest.empty())
    field.wrong("must be CLOUD, CLOUD/REGION or CLOUD/REGION/ZONE, `*` for any");
  return place;
}

}  // namespace

core::Amount read_vcpus(const Field& field) {
  const auto read = read_sized(field, {1, max_vcpus}, false);
  if (!read) return {};
  if (read->value != std::floor(read->value)) {
    field.wrong("parts of a vCPU are not supported; a machine has whole ones");
    return {};
  }
  return {static_cast<std::uint32_t>(read->value), read->at_least};
}

core::Amount read_memory(const Field& field) {
  constexpr double mib_per_gib = 1024;
  const auto read = read_sized(field, {1 / mib_per_gib, max_memory_gib}, true);
  if (!read) return {};
  return {static_cast<std::uint32_t>(std::lround(read->value * mib_per_gib)), read->at_least};
}

bool read_accelerators(const Field& field, std::vector<core::Accelerator>& accelerators) {
  const YamlNode& node = *field.node;
  if (node.is_scalar()) {
    add_accelerator(field, node.text, nullptr, accelerators);
    return false;
  }
  if (node.kind == YamlNode::Kind::map) {
    for (const YamlEntry& entry : node.entries) {
      const Field inner{&entry.value, entry.line, field.path + "." + entry.key, field.problems};
      const bool counted = entry.value.kind != YamlNode::Kind::null;
      add_accelerator(inner, entry.key, counted ? &entry.value : nullptr, accelerators);
    }
    return false;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Field inner{&node.items[i], node.items[i].line, fmt::format("{}[{}]", field.path, i),
                      field.problems};
    if (const auto text = inner.text()) add_accelerator(inner, *text, nullptr, accelerators);
  }
  return true;
}

core::Place read_place(MapReader& map) {
  const auto infra = map.value("infra");
  const auto cloud = map.value("cloud");
  const auto region = map.value("region");
  const auto zone = map.value("zone");
  if (infra) {
    for (const auto& older : {cloud, region, zone})
      if (older) older->wrong("infra names the place already; use one of the two spellings");
    return read_infra(*infra);
  }
  core::Place place;
  if (cloud)
    if (const auto text = cloud->text()) place.cloud = read_cloud(*cloud, *text);
  if (region) place.region = unless_wildcard(region->text().value_or(""));
  if (zone) place.zone = unless_wildcard(zone->text().value_or(""));
  return place;
}

}  // namespace sky::adapters
