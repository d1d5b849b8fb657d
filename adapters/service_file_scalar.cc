// YAML's core schema (YAML 1.2.2, 10.3.2) for plain scalars, and its values as JSON.
#include <algorithm>
#include <cstdint>
#include <limits>

#include "adapters/json.h"
#include "adapters/service_file_tree.h"

namespace sky::adapters {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// "0x1F" and "0o17"; the base, or 0.
int prefixed_base(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return 0;
  const std::string_view digits = text.substr(2);
  const auto hexadecimal = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (text[1] == 'x' && std::all_of(digits.begin(), digits.end(), hexadecimal)) return 16;
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  if (text[1] == 'o' && std::all_of(digits.begin(), digits.end(), octal)) return 8;
  return 0;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_real(std::string_view text) {
  text = without_sign(text);
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    if (!all_digits(without_sign(text.substr(exponent + 1)))) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return all_digits(text);
  const std::string_view whole = text.substr(0, point), part = text.substr(point + 1);
  if (whole.empty()) return all_digits(part);
  return all_digits(whole) && (part.empty() || all_digits(part));
}

bool is_infinite_or_nan(std::string_view text) {
  return is_one_of(without_sign(text), {".inf", ".Inf", ".INF"}) ||
         is_one_of(text, {".nan", ".NaN", ".NAN"});
}

// JSON forbids leading zeros, a leading '+' or '.', and a trailing '.'.
std::string json_number(std::string_view text) {
  std::string out;
  if (!text.empty() && text.front() == '-') out += '-';
  text = without_sign(text);
  while (text.size() > 1 && text[0] == '0' && is_digit(text[1])) text.remove_prefix(1);
  if (text.front() == '.') out += '0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '.' && (i + 1 == text.size() || !is_digit(text[i + 1]))) out += '0';
  }
  return out;
}

core::Error not_in_json(const YamlNode& node) {
  return {core::ErrorCode::invalid_input, "JSON has no value for `" + node.text + "`"};
}

core::Result<std::string> integer_json(const YamlNode& node) {
  const int base = prefixed_base(node.text);
  if (base == 0) return json_number(node.text);
  std::uint64_t value = 0;
  for (const char c : std::string_view(node.text).substr(2)) {
    const int digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    if (value > (std::numeric_limits<std::uint64_t>::max() >> 4)) return not_in_json(node);
    value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
  }
  return std::to_string(value);
}

core::Result<std::string> scalar_json(const YamlNode& node) {
  if (node.substituted) return json_quoted(node.text);
  switch (scalar_type(node)) {
    case ScalarType::null: return std::string("null");
    case ScalarType::boolean:
      return std::string(node.text[0] == 't' || node.text[0] == 'T' ? "true" : "false");
    case ScalarType::integer: return integer_json(node);
    case ScalarType::real:
      if (is_infinite_or_nan(node.text)) return not_in_json(node);
      return json_number(node.text);
    case ScalarType::text: break;
  }
  return json_quoted(node.text);
}

}  // namespace

ScalarType scalar_type(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::null) return ScalarType::null;
  if (node.kind != YamlNode::Kind::plain) return ScalarType::text;
  const std::string_view text = node.text;
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return ScalarType::null;
  if (is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"}))
    return ScalarType::boolean;
  if (all_digits(without_sign(text)) || prefixed_base(text) != 0) return ScalarType::integer;
  if (is_real(text) || is_infinite_or_nan(text)) return ScalarType::real;
  return ScalarType::text;
}

core::Result<std::string> to_json(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::list) {
    std::string out = "[";
    for (const YamlNode& item : node.items) {
      auto part = to_json(item);
      if (!part) return part;
      if (out.size() > 1) out += ", ";
      out += *part;
    }
    return out + "]";
  }
  if (node.kind != YamlNode::Kind::map) return scalar_json(node);
  std::string out = "{";
  for (const YamlEntry& entry : node.entries) {
    auto part = to_json(entry.value);
    if (!part) return part;
    if (out.size() > 1) out += ", ";
    out += json_quoted(entry.key) + ": " + *part;
  }
  return out + "}";
}

}  // namespace sky::adapters
