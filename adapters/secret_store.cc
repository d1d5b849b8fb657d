#include "adapters/secret_store.h"

#include <cctype>
#include <system_error>

#include "adapters/durable_file.h"
#include "adapters/json.h"

namespace sky::adapters {
namespace {

bool is_file_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos && name.size() <= 200;
}

core::Error bad_name(const std::string& name) {
  return {core::ErrorCode::invalid_input, "'" + name + "' cannot name a service"};
}

std::filesystem::path file_of(const std::filesystem::path& directory, core::Version version) {
  return directory / (std::to_string(version.value) + ".json");
}

bool is_name_byte(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_';
}

// The name that a `$` at the start of `text` refers to, and how long the whole reference is.
struct Reference {
  std::string_view name;
  std::size_t length = 0;
};

Reference reference_at(std::string_view text) {
  const bool has_braces = text.size() > 1 && text[1] == '{';
  const std::size_t begin = has_braces ? 2 : 1;
  std::size_t end = begin;
  while (end < text.size() && is_name_byte(text[end])) ++end;
  if (!has_braces) return {text.substr(begin, end - begin), end};
  if (end >= text.size() || text[end] != '}') return {};
  return {text.substr(begin, end - begin), end + 1};
}

}  // namespace

SecretStore::SecretStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

core::Result<void> SecretStore::put(const core::ServiceName& service, core::Version version,
                                    const Secrets& secrets) {
  if (!is_file_name(service)) return bad_name(service);
  const auto directory = directory_ / service;
  if (auto made = make_private_directory(directory); !made) return made;
  JsonWriter writer;
  writer.begin_array();
  for (const auto& [name, value] : secrets) {
    writer.begin_array().text(name).text(value).end_array();
  }
  writer.end_array();
  return write_file_durably(file_of(directory, version), writer.str());
}

core::Result<Secrets> SecretStore::get(const core::ServiceName& service,
                                       core::Version version) const {
  if (!is_file_name(service)) return bad_name(service);
  const auto path = file_of(directory_ / service, version);
  const auto text = read_file(path);
  if (!text && text.error().code == core::ErrorCode::not_found) return Secrets{};
  if (!text) return text.error();
  const core::Error corrupt{core::ErrorCode::corrupt, path.string() + " is damaged"};
  const auto document = parse_json(*text);
  if (!document) return corrupt;
  const JsonView root(*document);
  Secrets secrets;
  for (std::size_t i = 0; i < root.size(); ++i) {
    const auto name = root.at(i).at(std::size_t{0}).as_text();
    const auto value = root.at(i).at(std::size_t{1}).as_text();
    if (!name || !value) return corrupt;
    secrets.emplace_back(*name, *value);
  }
  return secrets;
}

core::Result<void> SecretStore::remove(const core::ServiceName& service) {
  if (!is_file_name(service)) return bad_name(service);
  std::error_code error;
  std::filesystem::remove_all(directory_ / service, error);
  if (error) return system_error("cannot remove the secrets of " + service, error.value());
  return {};
}

std::string with_secrets(std::string_view text, const Secrets& secrets) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    const Reference reference = reference_at(text);
    const auto* found = [&]() -> const std::string* {
      for (const auto& [name, value] : secrets) {
        if (name == reference.name) return &value;
      }
      return nullptr;
    }();
    out += found != nullptr ? *found : std::string("$");
    text.remove_prefix(found != nullptr ? reference.length : 1);
  }
  return out;
}

}  // namespace sky::adapters
