#include "cli/config_machines.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

#include "cli/moment.h"

namespace sky::cli {
namespace {

using adapters::Field;
using adapters::MapReader;
using adapters::YamlNode;

constexpr core::Duration shortest_life = core::seconds(300);  // a restart must fit in
constexpr core::Duration longest_life = core::seconds(7 * 86'400);

void read_text(MapReader& map, const char* key, std::string& into) {
  if (const auto field = map.value(key)) into = field->text().value_or("");
}

std::vector<std::string> read_texts(const Field& field) {
  std::vector<std::string> texts;
  if (field.node->kind != YamlNode::Kind::list) field.wrong("must be a list");
  for (const YamlNode& item : field.node->items) {
    const auto text = Field{&item, item.line, field.path, field.problems}.text();
    if (text) texts.push_back(*text);
  }
  return texts;
}

std::map<std::string, std::string> read_map(const Field& field) {
  std::map<std::string, std::string> texts;
  if (field.node->kind != YamlNode::Kind::map) field.wrong("must be a map of text to text");
  for (const adapters::YamlEntry& entry : field.node->entries) {
    const Field value{&entry.value, entry.line, field.path + "." + entry.key, field.problems};
    if (const auto text = value.text()) texts[entry.key] = *text;
  }
  return texts;
}

// "203.0.113.7/32", "2001:db8::/64".
bool is_address_range(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::string address = text.substr(0, slash);
  const bool is_v6 = address.find(':') != std::string::npos;
  unsigned char bytes[16];
  int bits = -1;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + slash + 1, end, bits);
  return inet_pton(is_v6 ? AF_INET6 : AF_INET, address.c_str(), bytes) == 1 && read.ptr == end &&
         bits >= 0 && bits <= (is_v6 ? 128 : 32);
}

void read_sources(const Field& field, std::vector<std::string>& sources) {
  for (const std::string& text : read_texts(field)) {
    if (is_address_range(text))
      sources.push_back(text);
    else
      field.wrong(
          fmt::format("must be addresses with their bits, like 203.0.113.7/32, is `{}`", text));
  }
}

void read_span(const Field& field, core::Duration& into) {
  const auto text = field.text();
  if (!text) return;
  const auto span = parse_span(*text);
  if (span && *span >= shortest_life && *span <= longest_life)
    into = *span;
  else
    field.wrong(fmt::format("must be from 5m to 7d, like 1h, is `{}`", *text));
}

void read_bind(const Field& field, MachineSettings& settings) {
  const std::string text = field.text().value_or("");
  const std::size_t colon = text.rfind(':');
  std::uint32_t port = 0;
  const char* end = text.data() + text.size();
  const bool is_read =
      colon != std::string::npos && std::from_chars(text.data() + colon + 1, end, port).ptr == end;
  unsigned char bytes[4];
  if (!is_read || port == 0 || port > 65'535 ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), bytes) != 1)
    return field.wrong(fmt::format("must be ADDRESS:PORT, like 0.0.0.0:30000, is `{}`", text));
  settings.bind_host = text.substr(0, colon);
  settings.bind_port = static_cast<std::uint16_t>(port);
}

}  // namespace

std::string why_not_advertised(const std::string& url) {
  const bool is_loopback = url.starts_with("http://127.0.0.1") || url.starts_with("http://[::1]");
  if (url.starts_with("https://") || is_loopback) return {};
  return "must be an https:// address, since secrets are given out there (TLS ends before the "
         "daemon, in a proxy of yours)";
}

void read_machines(const Field& field, MachineSettings& settings) {
  MapReader map(field);
  if (const auto value = map.value("advertise")) {
    settings.advertise_url = value->text().value_or("");
    while (settings.advertise_url.ends_with('/')) settings.advertise_url.pop_back();
    if (const auto why = why_not_advertised(settings.advertise_url); !why.empty())
      value->wrong(why);
  }
  if (const auto value = map.value("bind")) read_bind(*value, settings);
  if (const auto value = map.value("dead_after")) read_span(*value, settings.dead_after);
  if (const auto value = map.value("sources")) read_sources(*value, settings.sources);
  map.finish();
}

void read_aws(const Field& field, adapters::aws::AwsSettings& settings) {
  MapReader map(field);
  if (const auto value = map.value("regions")) settings.regions = read_texts(*value);
  if (const auto value = map.value("images")) settings.images = read_map(*value);
  if (const auto value = map.value("subnets")) settings.subnets = read_map(*value);
  if (const auto value = map.value("endpoints")) settings.endpoints = read_map(*value);
  read_text(map, "vpc", settings.vpc_id);
  read_text(map, "instance_profile", settings.instance_profile);
  read_text(map, "key_name", settings.key_name);
  if (const auto value = map.value("private_addresses"))
    settings.use_private_addresses = value->flag().value_or(false);
  map.finish();
}

void read_gcp(const Field& field, adapters::gcp::GcpSettings& settings) {
  MapReader map(field);
  read_text(map, "project", settings.project);
  if (const auto value = map.value("regions")) settings.regions = read_texts(*value);
  if (const auto value = map.value("endpoints")) settings.endpoints = read_map(*value);
  read_text(map, "image", settings.image);
  read_text(map, "network", settings.network);
  read_text(map, "service_account", settings.service_account);
  if (const auto value = map.value("private_addresses"))
    settings.use_private_addresses = value->flag().value_or(false);
  map.finish();
}

}  // namespace sky::cli
