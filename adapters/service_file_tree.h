// A YAML document as a plain tree with line numbers: all that the service file's checks work on.
//
// It is not a general YAML library: one document, text keys, aliases copied in, merge keys (`<<`)
// applied, duplicate keys refused. This is the only place that meets yaml-cpp, and the only one
// where its exceptions are caught. Any thread; nothing is shared and nothing is stored.
// Errors: invalid_input, one line per problem, each "FILE:LINE: what is wrong".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sky::adapters {

struct YamlEntry;

struct YamlNode {
  enum class Kind { null, plain, quoted, list, map };

  Kind kind = Kind::null;
  int line = 0;  // from 1; 0: not from the file (`--set`)
  bool substituted = false;  // a variable was put in: what was text stays text
  std::string text;  // of plain and quoted scalars
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;

  bool is_scalar() const { return kind == Kind::plain || kind == Kind::quoted; }
  const YamlNode* find(std::string_view key) const;
  YamlNode* find(std::string_view key);
};

struct YamlEntry {
  std::string key;
  int line = 0;
  bool inherited = false;  // from the map that this one was laid over
  YamlNode value;
};

// What a plain scalar means by YAML's core schema ("yes" and "1_000" are text there).
enum class ScalarType { null, boolean, integer, real, text };
ScalarType scalar_type(const YamlNode& node);

// Numbers keep their digits, text stays text; the style is `{"a": 1, "b": [true, null]}`.
// Fails for what JSON cannot say (.inf, .nan); the error names the line.
core::Result<std::string> to_json(const YamlNode& node);

// Never a partial tree: the result is a document within all bounds, or an error.
core::Result<YamlNode> parse_yaml(std::string_view text, const std::string& file_name);

// "a list", "a map", "text", ...: for messages.
const char* kind_text(const YamlNode& node);

// Guesses, each far above any real service file; they bound memory and time for hostile ones.
constexpr std::size_t max_yaml_bytes = 1024 * 1024;
constexpr std::size_t max_yaml_nodes = 20'000;  // after aliases are copied in
constexpr std::size_t max_yaml_depth = 64;

}  // namespace sky::adapters
