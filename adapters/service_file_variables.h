// `$NAME` and `${NAME}` in the text of a service file.
//
// Variables of `envs` are put in when the file is loaded. Those of `secrets` are not: their text
// stays as written, so that the spec can be stored, and is filled in at the edge, where a machine
// or a probe needs the value. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sky::adapters {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// The text with every variable for which `lookup` knows a value replaced; others stay as written.
std::string replace_variables(
    std::string_view text,
    const std::function<std::optional<std::string>(const std::string& name)>& lookup);

// For the edge: headers and the like; and a JSON body, where values are escaped as JSON text.
std::string fill_secrets(std::string_view text, const NamedValues& secrets);
std::string fill_secrets_in_json(std::string_view json, const NamedValues& secrets);

bool is_variable_name(std::string_view name);

}  // namespace sky::adapters
