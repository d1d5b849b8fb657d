#include "adapters/secret_store.h"

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

}  // namespace sky::adapters
