#include <string>
#include <variant>

#include "adapters/json.h"
#include "cli/print_event.h"
#include "cli/replay_verify.h"

namespace sky::cli {
namespace {

using adapters::JsonValue;

std::string text_of(const JsonValue* value) {
  if (!value) return "nothing";
  adapters::JsonWriter json;
  json.value(*value);
  return json.take();
}

std::string here(const std::string& path, const JsonValue* recorded, const JsonValue* again) {
  return path + ": recorded " + text_of(recorded) + ", again " + text_of(again);
}

std::string in_object(const std::string& path, const JsonValue& recorded, const JsonValue& again);

// Empty: they are equal.
std::string first_difference(const std::string& path, const JsonValue& recorded,
                             const JsonValue& again) {
  if (text_of(&recorded) == text_of(&again)) return {};
  const auto* left = std::get_if<JsonValue::Array>(&recorded.content());
  const auto* right = std::get_if<JsonValue::Array>(&again.content());
  if (!left || !right || left->size() != right->size()) return in_object(path, recorded, again);
  for (std::size_t i = 0; i < left->size(); ++i) {
    const auto found =
        first_difference(path + "[" + std::to_string(i) + "]", (*left)[i], (*right)[i]);
    if (!found.empty()) return found;
  }
  return {};
}

std::string in_object(const std::string& path, const JsonValue& recorded, const JsonValue& again) {
  const auto* members = std::get_if<JsonValue::Object>(&recorded.content());
  if (!members) return here(path, &recorded, &again);
  for (const auto& [name, value] : *members) {
    const std::string inner = path.empty() ? name : path + "." + name;
    if (inner == "text") continue;  // the sentence says what the body holds
    const JsonValue* other = again.find(name);
    if (!other) return here(inner, &value, nullptr);
    const auto found = first_difference(inner, value, *other);
    if (!found.empty()) return found;
  }
  return here(path, &recorded, &again);
}

}  // namespace

std::string difference_text(const core::Event& recorded, const core::Event& again) {
  const auto left = adapters::parse_json(event_json(recorded));
  const auto right = adapters::parse_json(event_json(again));
  if (!left || !right) return "they cannot be printed";
  const std::string found = first_difference("", *left, *right);
  return found.empty() ? "in a field that is not printed" : found;
}

}  // namespace sky::cli
