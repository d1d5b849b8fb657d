#include "cli/service_request.h"

#include <utility>

#include "adapters/json.h"

namespace sky::cli {
namespace {

using adapters::JsonView;
using adapters::JsonWriter;

void write_values(JsonWriter& json, const char* name, const adapters::NamedValues& values) {
  json.key(name).begin_object();
  for (const auto& [key, value] : values) json.member(key, std::string_view(value));
  json.end_object();
}

core::Result<adapters::NamedValues> read_values(const JsonView& object) {
  adapters::NamedValues values;
  if (!object.is_present()) return values;
  const auto members = object.members();
  if (!members) return members.error();
  for (const auto& [name, member] : *members) {
    auto value = member.as_text();
    if (!value) return value.error();
    values.emplace_back(name, std::move(*value));
  }
  return values;
}

std::optional<std::string> read_optional(const JsonView& member) {
  if (!member.is_present() || member.is_null()) return std::nullopt;
  return member.text_or("");
}

core::Sandbox read_sandbox(const JsonView& member) {
  core::Sandbox sandbox;
  sandbox.enabled = member.at("enabled").boolean_or(false);
  sandbox.speed_percent =
      static_cast<std::uint32_t>(member.at("speed_percent").integer_or(sandbox.speed_percent));
  return sandbox;
}

}  // namespace

std::string to_json(const ServiceRequest& request) {
  const adapters::LoadOptions& options = request.options;
  JsonWriter json;
  json.begin_object();
  json.member("file_name", request.file_name).member("yaml", request.yaml);
  json.member("mode", request.mode == core::UpdateMode::blue_green ? "blue_green" : "rolling");
  if (options.name) json.member("name", *options.name);
  if (options.setup) json.member("setup", *options.setup);
  if (options.run) json.member("run", *options.run);
  write_values(json, "envs", options.envs);
  write_values(json, "secrets", options.secrets);
  json.key("set").begin_array();
  for (const std::string& text : options.overrides) json.text(text);
  json.end_array();
  json.key("sandbox").begin_object();
  json.member("enabled", options.sandbox.enabled);
  json.member("speed_percent", options.sandbox.speed_percent).end_object();
  json.member("no_paid_overflow", options.no_paid_overflow).end_object();
  return json.take();
}

core::Result<ServiceRequest> parse_service_request(std::string_view text) {
  const auto document = adapters::parse_json(text);
  if (!document) return document.error();
  const JsonView root(*document);
  ServiceRequest request;
  auto yaml = root.at("yaml").as_text();
  if (!yaml) return yaml.error();
  request.yaml = std::move(*yaml);
  request.file_name = root.at("file_name").text_or("service.yaml");
  if (root.at("mode").text_or("rolling") == "blue_green")
    request.mode = core::UpdateMode::blue_green;
  adapters::LoadOptions& options = request.options;
  options.name = read_optional(root.at("name"));
  options.setup = read_optional(root.at("setup"));
  options.run = read_optional(root.at("run"));
  auto envs = read_values(root.at("envs"));
  if (!envs) return envs.error();
  auto secrets = read_values(root.at("secrets"));
  if (!secrets) return secrets.error();
  options.envs = std::move(*envs);
  options.secrets = std::move(*secrets);
  for (std::size_t i = 0; i < root.at("set").size(); ++i)
    options.overrides.push_back(root.at("set").at(i).text_or(""));
  options.sandbox = read_sandbox(root.at("sandbox"));
  options.no_paid_overflow = root.at("no_paid_overflow").boolean_or(false);
  return request;
}

}  // namespace sky::cli
