// `resources:`: the machine one replica needs.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "adapters/service_file_sections.h"

namespace sky::adapters {
namespace {

constexpr std::uint32_t max_disk_gb = 65'536;  // the largest disk of the big clouds, in GB
constexpr double max_hourly_usd = 1'000'000;  // a guess, far above any machine

bool is_place_key(const std::string& key) {
  return key == "infra" || key == "cloud" || key == "region" || key == "zone";
}

// The outer map with the keys of one `any_of` entry laid over it. A place in the entry replaces
// the whole outer place, whichever way either is spelled.
YamlNode overlay(const YamlNode& outer, const YamlNode& inner) {
  YamlNode merged = inner;
  const bool inner_has_place =
      std::any_of(inner.entries.begin(), inner.entries.end(),
                  [](const YamlEntry& entry) { return is_place_key(entry.key); });
  for (const YamlEntry& entry : outer.entries) {
    if (entry.key == "any_of" || entry.key == "ordered") continue;
    if (inner.find(entry.key) != nullptr) continue;
    if (inner_has_place && is_place_key(entry.key)) continue;
    merged.entries.push_back(entry);
    merged.entries.back().inherited = true;
  }
  return merged;
}

void refuse_unsupported(MapReader& map) {
  map.refuse("job_recovery", "not for services: a lost replica is always replaced");
  map.refuse("spot_recovery", "not for services: a lost replica is always replaced");
  map.refuse("accelerator_args", "TPU arguments are not supported yet");
  map.refuse("disk_tier", "choosing a disk tier is not supported yet");
  map.refuse("network_tier", "choosing a network tier is not supported yet");
  map.refuse("local_disk", "choosing a local disk is not supported yet");
  map.refuse("ephemeral_storage", "sizing ephemeral storage is not supported yet");
  map.refuse("autostop", "not for services: replicas stop with the service");
  map.refuse("priority", "priorities are not supported yet");
  map.refuse("priority_class", "priorities are not supported yet");
  map.refuse("volumes", "volumes are not supported yet");
}

std::uint32_t read_disk_size(const Field& field) {
  YamlNode digits = *field.node;
  std::uint32_t factor = 1;
  const std::string unit = to_upper(digits.text);
  for (const auto& [suffix, times] : {std::pair{"GB", 1u}, {"TB", 1024u}}) {
    const std::size_t length = 2;
    if (unit.size() <= length || unit.substr(unit.size() - length) != suffix) continue;
    digits.text.resize(digits.text.size() - length);
    digits.kind = YamlNode::Kind::plain;
    factor = times;
  }
  const Field number{&digits, field.line, field.path, field.problems};
  const auto size = number.count({1, max_disk_gb / factor});
  return size.value_or(0) * factor;
}

std::map<std::string, std::string> read_labels(const Field& field) {
  std::map<std::string, std::string> labels;
  if (field.node->kind != YamlNode::Kind::map) {
    field.wrong("must be a map of text to text");
    return labels;
  }
  for (const YamlEntry& entry : field.node->entries) {
    const Field value{&entry.value, entry.line, field.path + "." + entry.key, field.problems};
    if (const auto text = value.text()) labels[entry.key] = *text;
  }
  return labels;
}

core::ResourceRequest read_request(MapReader& map) {
  core::ResourceRequest request;
  if (const auto field = map.value("accelerators"))
    request.accelerators_ordered = read_accelerators(*field, request.accelerators);
  if (const auto field = map.value("cpus")) request.vcpus = read_vcpus(*field);
  if (const auto field = map.value("memory")) request.memory_mib = read_memory(*field);
  if (const auto field = map.value("instance_type"))
    request.instance_type = field->text().value_or("");
  request.place = read_place(map);
  if (const auto field = map.value("use_spot")) request.use_spot = field->flag().value_or(false);
  if (const auto field = map.value("disk_size")) request.disk_size_gb = read_disk_size(*field);
  if (const auto field = map.value("image_id")) {
    if (field->node->kind == YamlNode::Kind::map)
      field->unsupported("an image for each region is not supported yet; give one image");
    else
      request.image_id = field->text().value_or("");
  }
  if (const auto field = map.value("labels")) request.labels = read_labels(*field);
  if (const auto field = map.value("max_hourly_cost")) {
    const auto usd = field->number({0, max_hourly_usd});
    if (usd && *usd <= 0) field->wrong("must be more than 0");
    if (usd) request.max_hourly_cost = core::Price{std::llround(*usd * 1e6)};
  }
  refuse_unsupported(map);
  return request;
}

constexpr std::uint32_t highest_port = 65'535;

void add_port(const Field& field, std::vector<std::uint16_t>& ports) {
  const std::size_t dash = field.node->is_scalar() ? field.node->text.find('-') : 0;
  YamlNode first = *field.node, last = *field.node;
  first.kind = last.kind = field.node->is_scalar() ? YamlNode::Kind::plain : field.node->kind;
  if (field.node->is_scalar() && dash != std::string::npos && dash > 0) {
    first.text = field.node->text.substr(0, dash);
    last.text = field.node->text.substr(dash + 1);
  }
  const auto low = Field{&first, field.line, field.path, field.problems}.count({1, highest_port});
  if (!low) return;
  const auto high = Field{&last, field.line, field.path, field.problems}.count({1, highest_port});
  if (!high) return;
  if (*high < *low) return field.wrong("the range ends before it begins");
  for (std::uint32_t port = *low; port <= *high; ++port)
    ports.push_back(static_cast<std::uint16_t>(port));
}

std::vector<std::uint16_t> read_ports(const Field& field) {
  std::vector<std::uint16_t> ports;
  if (field.node->kind == YamlNode::Kind::list) {
    constexpr std::size_t max_entries = 100;  // a guess; one is the rule
    if (field.node->items.size() > max_entries) field.wrong("more than 100 entries");
    for (std::size_t i = 0; i < std::min(field.node->items.size(), max_entries); ++i) {
      const YamlNode& item = field.node->items[i];
      add_port({&item, item.line, fmt::format("{}[{}]", field.path, i), field.problems}, ports);
    }
  } else {
    add_port(field, ports);
  }
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

// One choice: the outer map, or the outer map with one entry of `any_of` laid over it.
void add_choice(const Field& field, const std::string& inherited_path, ReadResources& read) {
  MapReader map(field, inherited_path);
  read.resources.choices.push_back(read_request(map));
  std::vector<std::uint16_t> ports;
  if (const auto port_field = map.value("ports")) ports = read_ports(*port_field);
  map.find("any_of");
  map.find("ordered");
  map.finish();
  if (read.resources.choices.size() == 1)
    read.ports = ports;
  else if (ports != read.ports)
    field.wrong("every choice must open the same ports");
}

void add_choices(const Field& outer, const Field& list, ReadResources& read) {
  constexpr std::size_t max_choices = 64;  // a guess; more are generated by mistake
  if (list.node->kind != YamlNode::Kind::list || list.node->items.empty())
    return list.wrong("must be a list of resources");
  if (list.node->items.size() > max_choices)
    return list.wrong(fmt::format("more than {} choices", max_choices));
  for (std::size_t i = 0; i < list.node->items.size(); ++i) {
    const YamlNode& item = list.node->items[i];
    const std::string path = fmt::format("{}[{}]", list.path, i);
    if (item.kind != YamlNode::Kind::map) {
      list.problems->add(item.line, path, fmt::format("must be a map, is {}", kind_text(item)));
      continue;
    }
    if (item.find("any_of") != nullptr || item.find("ordered") != nullptr) {
      list.problems->add(item.line, path, "a choice cannot hold further choices");
      continue;
    }
    const YamlNode merged = overlay(*outer.node, item);
    add_choice({&merged, item.line, path, list.problems}, outer.path, read);
  }
}

void check_choices(const Field& field, ReadResources& read) {
  const auto& choices = read.resources.choices;
  if (choices.empty()) return;
  const auto spots = std::count_if(choices.begin(), choices.end(),
                                   [](const core::ResourceRequest& r) { return r.use_spot; });
  read.all_spot = spots == static_cast<std::ptrdiff_t>(choices.size());
  if (spots != 0 && !read.all_spot)
    field.wrong(
        "use_spot must be the same in every choice; to mix spot with on-demand set "
        "service.replica_policy.base_ondemand_fallback_replicas or dynamic_ondemand_fallback");
  const auto without_place = [](core::ResourceRequest request) {
    request.place = {};
    return request;
  };
  read.differ_beyond_place =
      std::any_of(choices.begin(), choices.end(), [&](const core::ResourceRequest& request) {
        return without_place(request) != without_place(choices.front());
      });
}

}  // namespace

ReadResources read_resources(const Field& field) {
  ReadResources read;
  read.line = field.line;
  MapReader outer(field);
  const auto any_of = outer.value("any_of");
  const auto ordered = outer.value("ordered");
  if (any_of && ordered) ordered->wrong("any_of and ordered cannot be used together");
  if (any_of || ordered) {
    read.resources.ordered = !any_of;
    add_choices(field, any_of ? *any_of : *ordered, read);
  } else if (field.node->kind == YamlNode::Kind::map) {
    add_choice(field, field.path, read);
  }
  check_choices(field, read);
  return read;
}

}  // namespace sky::adapters
