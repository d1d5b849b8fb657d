// `envs`, `secrets`, variables, and `--set`.
#include <algorithm>

#include <fmt/format.h>

#include "adapters/service_file_sections.h"

namespace sky::adapters {
namespace {

const std::string* value_given(const NamedValues& given, const std::string& name) {
  const auto found = std::find_if(given.rbegin(), given.rend(),
                                  [&](const auto& value) { return value.first == name; });
  return found == given.rend() ? nullptr : &found->second;
}

bool is_named(const NamedValues& values, const std::string& name) {
  return value_given(values, name) != nullptr;
}

std::string with_variables(const YamlNode& node, const std::string& text, const NamedValues& envs,
                           const std::vector<std::string>& known, const std::string& path,
                           Problems& problems) {
  return replace_variables(text, [&](const std::string& name) -> std::optional<std::string> {
    if (const std::string* value = value_given(envs, name)) return *value;
    if (std::find(known.begin(), known.end(), name) != known.end()) return {};  // a secret
    if (const std::string near = nearest_word(name, known); !near.empty())
      problems.add(node.line, path,
                   fmt::format("${} is not in envs or secrets; did you mean `${}`?", name, near));
    return {};
  });
}

// The child at one part of a dotted path, made when it is not there.
YamlNode* child_of(YamlNode& parent, const std::string& part) {
  if (parent.kind == YamlNode::Kind::null) parent.kind = YamlNode::Kind::map;
  if (parent.kind == YamlNode::Kind::list) {
    const bool is_number = !part.empty() && part.size() < 6 &&
                           part.find_first_not_of("0123456789") == std::string::npos;
    const std::size_t index = is_number ? std::stoul(part) : parent.items.size();
    return index < parent.items.size() ? &parent.items[index] : nullptr;
  }
  if (parent.kind != YamlNode::Kind::map) return nullptr;
  for (YamlEntry& entry : parent.entries) {
    if (entry.key != part) continue;
    entry.line = 0;
    return &entry.value;
  }
  parent.entries.push_back({part, 0, false, {}});
  return &parent.entries.back().value;
}

void forget_lines(YamlNode& node) {
  node.line = 0;
  for (YamlNode& item : node.items) forget_lines(item);
  for (YamlEntry& entry : node.entries) {
    entry.line = 0;
    forget_lines(entry.value);
  }
}

bool is_top_level_key(const std::string& part) {
  static const char* const keys[] = {"service", "resources", "envs",      "secrets", "setup",
                                     "run",     "workdir",   "num_nodes", "name"};
  return std::find(std::begin(keys), std::end(keys), part) != std::end(keys);
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    parts.push_back(path.substr(begin, dot - begin));
    begin = dot + 1;
  }
  parts.push_back(path.substr(begin));
  return parts;
}

}  // namespace

NamedValues read_variables(const std::optional<Field>& field, const char* section,
                           const char* option, const NamedValues& given, Problems& problems) {
  NamedValues values;
  const YamlNode empty;
  const YamlNode& map = field ? *field->node : empty;
  if (field && !field->is_null() && map.kind != YamlNode::Kind::map)
    field->wrong("must be a map of names and values");
  for (const YamlEntry& entry : map.entries) {
    const Field value{&entry.value, entry.line, fmt::format("{}.{}", section, entry.key),
                      &problems};
    if (!is_variable_name(entry.key)) {
      value.wrong("is no variable name: letters, digits and `_`, not a digit first");
    } else if (const std::string* replaced = value_given(given, entry.key)) {
      values.emplace_back(entry.key, *replaced);
    } else if (value.is_null()) {
      value.wrong(fmt::format("has no value: give it with {} {}=...", option, entry.key));
    } else if (const auto text = value.text()) {
      values.emplace_back(entry.key, *text);
    }
  }
  for (const auto& [name, value] : given) {
    if (!is_variable_name(name))
      problems.add(0, option, fmt::format("`{}` is no variable name", name));
    else if (map.find(name) == nullptr && !is_named(values, name))
      values.emplace_back(name, *value_given(given, name));
  }
  return values;
}

void substitute(YamlNode& node, const NamedValues& envs, const std::vector<std::string>& known,
                const std::string& path, Problems& problems) {
  if (node.is_scalar() && node.text.find('$') != std::string::npos) {
    std::string text = with_variables(node, node.text, envs, known, path, problems);
    node.substituted = node.substituted || text != node.text;
    node.text = std::move(text);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i)
    substitute(node.items[i], envs, known, fmt::format("{}[{}]", path, i), problems);
  for (YamlEntry& entry : node.entries) {
    if (entry.key.find('$') != std::string::npos)
      entry.key = with_variables(entry.value, entry.key, envs, known, path, problems);
    substitute(entry.value, envs, known, path + "." + entry.key, problems);
  }
}

void apply_override(YamlNode& root, const std::string& assignment, Problems& problems) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    return problems.add(0, assignment, "must be KEY=VALUE");
  const std::string path = assignment.substr(0, equals);
  std::vector<std::string> parts = split_path(path);
  if (!is_top_level_key(parts.front())) parts.insert(parts.begin(), "service");
  constexpr std::size_t deepest = 16;  // the schema is 5 deep
  if (parts.size() > deepest) return problems.add(0, path, "is nested too deep");
  YamlNode value;
  if (const std::string text = assignment.substr(equals + 1); !text.empty()) {
    auto parsed = parse_yaml(text, path);
    if (!parsed) return problems.add(0, "", parsed.error().text);
    value = std::move(*parsed);
    forget_lines(value);
  }
  YamlNode* place = &root;
  for (const std::string& part : parts) {
    place = part.empty() ? nullptr : child_of(*place, part);
    if (place == nullptr)
      return problems.add(0, path, fmt::format("there is nothing at `{}` to set", part));
  }
  *place = std::move(value);
}

}  // namespace sky::adapters
