#include "adapters/service_file_variables.h"

#include <algorithm>

#include "adapters/json.h"

namespace sky::adapters {
namespace {

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

struct Reference {
  std::string name;  // empty: the '$' is only a '$'
  std::size_t length = 1;
};

// What stands at `text[at] == '$'`.
Reference reference_at(std::string_view text, std::size_t at) {
  const bool braced = at + 1 < text.size() && text[at + 1] == '{';
  const std::size_t begin = at + (braced ? 2 : 1);
  std::size_t end = begin;
  if (end < text.size() && is_name_start(text[end]))
    while (end < text.size() && is_name_part(text[end])) ++end;
  if (end == begin) return {};
  if (!braced) return {std::string(text.substr(begin, end - begin)), end - at};
  if (end >= text.size() || text[end] != '}') return {};
  return {std::string(text.substr(begin, end - begin)), end + 1 - at};
}

std::optional<std::string> value_of(const NamedValues& values, const std::string& name) {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const auto& value) { return value.first == name; });
  if (found == values.end()) return {};
  return found->second;
}

}  // namespace

bool is_variable_name(std::string_view name) {
  return !name.empty() && is_name_start(name.front()) &&
         std::all_of(name.begin(), name.end(), is_name_part);
}

std::string replace_variables(
    std::string_view text,
    const std::function<std::optional<std::string>(const std::string& name)>& lookup) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      out += text[at++];
      continue;
    }
    const Reference reference = reference_at(text, at);
    const auto value =
        reference.name.empty() ? std::optional<std::string>{} : lookup(reference.name);
    out += value ? *value : std::string(text.substr(at, reference.length));
    at += reference.length;
  }
  return out;
}

std::string fill_secrets(std::string_view text, const NamedValues& secrets) {
  return replace_variables(text, [&](const std::string& name) { return value_of(secrets, name); });
}

std::string fill_secrets_in_json(std::string_view json, const NamedValues& secrets) {
  return replace_variables(json, [&](const std::string& name) -> std::optional<std::string> {
    const auto value = value_of(secrets, name);
    if (!value) return {};
    const std::string quoted = json_quoted(*value);
    return quoted.substr(1, quoted.size() - 2);
  });
}

}  // namespace sky::adapters
