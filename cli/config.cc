#include "cli/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "adapters/durable_file.h"
#include "adapters/service_file_reader.h"
#include "cli/config_kubernetes.h"
#include "cli/moment.h"
#include "lb/loop_count.h"

namespace sky::cli {
namespace {

using adapters::Field;
using adapters::MapReader;
using core::ErrorCode;
using core::Result;

constexpr std::size_t longest_file = std::size_t{1} << 20;

// At the top of SkyPilot's own file (its configuration reference, 2026-11): none is ours to judge.
constexpr const char* skypilot_keys[] = {
    "active_workspace", "admin_policy", "api_server", "aws",         "azure", "cloudflare",
    "coreweave",        "cudo",         "daemons",    "data",        "db",    "do",
    "docker",           "fluidstack",   "gcp",        "hyperbolic",  "ibm",   "jobs",
    "lambda",           "logs",         "nebius",     "nvidia_gpus", "oci",   "paperspace",
    "primeintellect",   "provision",    "rbac",       "runpod",      "scp",   "seeweb",
    "shadeform",        "slurm",        "spot",       "ssh",         "vast",  "vsphere",
    "workspaces"};

struct Unit {
  const char* name;
  double bytes;
};
constexpr Unit units[] = {{"MB", 1e6},  // the first three are what size_text() says
                          {"GB", 1e9},
                          {"TB", 1e12},
                          {"MiB", 1024.0 * 1024},
                          {"GiB", 1024.0 * 1024 * 1024},
                          {"TiB", 1024.0 * 1024 * 1024 * 1024}};

constexpr core::Duration longest_age = core::seconds(std::int64_t{36'500} * 86'400);
constexpr std::uint64_t least_size = 1'000'000;
constexpr std::uint64_t most_size = 1'000'000'000'000'000;
constexpr double most_bytes = 1e18;  // of any text, so that it fits into 63 bits

void read_age(const Field& field, std::optional<core::Duration>& into) {
  const auto text = field.text();
  if (!text) return;
  const auto span = parse_span(*text);
  if (!span)
    field.wrong(
        fmt::format("must be a whole number and a unit (s, m, h, d), like 30d, is `{}`", *text));
  else if (*span <= core::Duration{0} || *span > longest_age)
    field.wrong(fmt::format("must be from 1s to 36500d, is `{}`", *text));
  else
    into = *span;
}

void read_size(const Field& field, std::optional<std::uint64_t>& into) {
  const auto text = field.text();
  if (!text) return;
  const auto size = parse_size(*text);
  if (!size)
    field.wrong(fmt::format(
        "must be a number and a unit (MB, GB, TB, MiB, GiB, TiB), like 20GB, is `{}`", *text));
  else if (*size < least_size || *size > most_size)
    field.wrong(fmt::format("must be from 1MB to 1000TB, is `{}`", *text));
  else
    into = *size;
}

void read_retention(const Field& field, RetentionPolicy& policy) {
  MapReader map(field);
  if (const auto value = map.value("max_age")) read_age(*value, policy.max_age);
  if (const auto value = map.value("max_size")) read_size(*value, policy.max_bytes);
  map.finish();
}

void read_names(const Field& field, std::vector<std::string>& into) {
  if (field.node->kind != adapters::YamlNode::Kind::list)
    return field.wrong("must be a list of names of clouds");
  for (const adapters::YamlNode& item : field.node->items) {
    const auto name = Field{&item, item.line, field.path, field.problems}.text();
    if (name) into.push_back(adapters::to_lower(*name));
  }
}

void read_ours(const Field& field, Config& config) {
  MapReader map(field);
  if (const auto log = map.value("log")) {
    MapReader log_map(*log);
    if (const auto value = log_map.value("retention")) read_retention(*value, config.retention);
    log_map.finish();
  }
  if (const auto cluster = map.value("kubernetes"))
    read_our_kubernetes(*cluster, config.kubernetes);
  if (const auto endpoint = map.value("endpoint")) {
    MapReader endpoint_map(*endpoint);
    if (const auto value = endpoint_map.value("loops"))
      config.endpoint_loops = value->count({1, lb::max_loops});
    endpoint_map.finish();
  }
  if (const auto value = map.value("machines")) read_machines(*value, config.machines);
  if (const auto value = map.value("aws")) read_aws(*value, config.aws);
  if (const auto value = map.value("gcp")) read_gcp(*value, config.gcp);
  map.finish();
}

// A file with everything commented out is as good as none.
bool says_something(std::string_view text) {
  bool is_comment = false;
  for (const char c : text) {
    if (c == '\n') is_comment = false;
    if (c == '#') is_comment = true;
    if (!is_comment && c != ' ' && c != '\t' && c != '\r' && c != '\n') return true;
  }
  return false;
}

}  // namespace

Result<Config> parse_config(std::string_view yaml_text, const std::string& file_name) {
  Config config;
  if (!says_something(yaml_text)) return config;
  const auto root = adapters::parse_yaml(yaml_text, file_name);
  if (!root) return root.error();
  if (root->kind == adapters::YamlNode::Kind::null) return config;
  adapters::Problems problems(file_name);
  MapReader map({&*root, root->line, "", &problems});
  if (const auto cluster = map.value("kubernetes"))
    read_skypilot_kubernetes(*cluster, config.kubernetes);
  if (const auto serve = map.value("serve")) read_skypilot_serve(*serve, config.kubernetes);
  if (const auto ours = map.value("skyctl")) read_ours(*ours, config);
  if (const auto clouds = map.value("allowed_clouds")) read_names(*clouds, config.allowed_clouds);
  for (const char* key : skypilot_keys) map.find(key);
  map.finish();
  if (!problems.empty()) return problems.error();
  return config;
}

Result<Config> read_config(const Home& home) {
  const auto text = adapters::read_file(home.config(), longest_file);
  if (!text && text.error().code == ErrorCode::not_found) return Config{};
  if (!text) return text.error();
  return parse_config(*text, home.config().string());
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  double number = 0;
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failed != std::errc{} || number < 0) return {};
  std::string_view word = text.substr(static_cast<std::size_t>(end - text.data()));
  if (word.starts_with(' ')) word.remove_prefix(1);
  for (const Unit& unit : units) {
    if (adapters::to_lower(word) != adapters::to_lower(unit.name)) continue;
    return static_cast<std::uint64_t>(std::llround(std::min(number * unit.bytes, most_bytes)));
  }
  return {};
}

std::string span_text(core::Duration span) {
  const std::int64_t seconds = span / core::seconds(1);
  for (const auto& [length, unit] : {std::pair{86'400, "d"}, {3600, "h"}, {60, "m"}})
    if (seconds % length == 0) return fmt::format("{} {}", seconds / length, unit);
  return fmt::format("{} s", seconds);
}

std::string size_text(std::uint64_t bytes) {
  const auto count = static_cast<double>(bytes);
  const Unit* best = &units[0];
  for (const Unit* unit : {&units[1], &units[2]})
    if (count >= unit->bytes) best = unit;
  return fmt::format("{:.4g} {}", count / best->bytes, best->name);
}

}  // namespace sky::cli
