#include "adapters/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <limits>

#include "adapters/json_without.h"
#include "core/check.h"

namespace sky::adapters {
namespace {

namespace dom = simdjson::dom;

// `without`: members of that name are not kept; none is called "".
JsonValue converted(const dom::element& element, std::string_view without);

JsonValue::Content converted_array(const dom::array& array, std::string_view without) {
  JsonValue::Array values;
  for (const dom::element item : array) values.push_back(converted(item, without));
  return values;
}

JsonValue::Content converted_object(const dom::object& object, std::string_view without) {
  JsonValue::Object members;
  for (const auto& [key, item] : object)
    if (without.empty() || key != without)
      members.emplace_back(std::string(key), converted(item, without));
  return members;
}

JsonValue converted(const dom::element& element, std::string_view without) {
  switch (element.type()) {
    case dom::element_type::ARRAY:
      return JsonValue(converted_array(element.get_array().value_unsafe(), without));
    case dom::element_type::OBJECT:
      return JsonValue(converted_object(element.get_object().value_unsafe(), without));
    case dom::element_type::INT64: return JsonValue(element.get_int64().value_unsafe());
    case dom::element_type::UINT64: return JsonValue(element.get_uint64().value_unsafe());
    case dom::element_type::DOUBLE: return JsonValue(element.get_double().value_unsafe());
    case dom::element_type::STRING:
      return JsonValue(std::string(element.get_string().value_unsafe()));
    case dom::element_type::BOOL: return JsonValue(element.get_bool().value_unsafe());
    case dom::element_type::NULL_VALUE: return JsonValue();
  }
  return JsonValue();
}

// Length of the valid UTF-8 sequence at the start of `text`, or 0 (Unicode 15, table 3-7).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;  // allowed second byte
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  if (length == 0 || text.size() < length) return 0;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escaped(std::string& out, char byte) {
  switch (byte) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto code = static_cast<unsigned char>(byte);
  if (code < 0x20 || code == 0x7F) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
  } else {
    out += byte;
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 1) {
      append_escaped(out, text.front());
    } else {
      out += length == 0 ? replacement : text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace

core::Result<JsonValue> parse_json(std::string_view text) { return parse_json_without(text, {}); }

core::Result<JsonValue> parse_json_without(std::string_view text, std::string_view member) {
  const auto failed = [](const std::string& why) {
    return core::Error{core::ErrorCode::invalid_input, "not valid JSON: " + why};
  };
  if (text.size() > max_json_bytes) return failed("it is too long");
  dom::parser parser(max_json_bytes);
  // The parser's own depth limit is its stack; allocate() is the only way to set it.
  if (parser.allocate(text.size() + 1, max_json_depth) != simdjson::SUCCESS) {
    return failed("out of memory");
  }
  dom::element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  if (error != simdjson::SUCCESS) return failed(simdjson::error_message(error));
  return converted(root, member);
}

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto* object = std::get_if<Object>(&content_);
  if (object == nullptr) return nullptr;
  for (auto it = object->rbegin(); it != object->rend(); ++it) {
    if (it->first == key) return &it->second;
  }
  return nullptr;
}

JsonView JsonView::at(std::string_view key) const {
  std::string path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  return {value_ == nullptr ? nullptr : value_->find(key), std::move(path)};
}

JsonView JsonView::at(std::size_t index) const {
  std::string path = fmt::format("{}[{}]", path_, index);
  const auto* array = value_ ? std::get_if<JsonValue::Array>(&value_->content()) : nullptr;
  const bool inside = array != nullptr && index < array->size();
  return {inside ? &(*array)[index] : nullptr, std::move(path)};
}

bool JsonView::is_null() const {
  return value_ != nullptr && std::holds_alternative<std::nullptr_t>(value_->content());
}

core::Error JsonView::wrong(const char* expected) const {
  const std::string place = path_.empty() ? std::string("the document") : path_;
  const char* what = value_ == nullptr ? "is missing, expected " : "expected ";
  return {core::ErrorCode::invalid_input, place + ": " + what + expected};
}

std::size_t JsonView::size() const {
  if (value_ == nullptr) return 0;
  if (const auto* array = std::get_if<JsonValue::Array>(&value_->content())) return array->size();
  if (const auto* object = std::get_if<JsonValue::Object>(&value_->content())) {
    return object->size();
  }
  return 0;
}

core::Result<std::vector<JsonView>> JsonView::elements() const {
  if (value_ == nullptr || !std::holds_alternative<JsonValue::Array>(value_->content())) {
    return wrong("a list");
  }
  std::vector<JsonView> views;
  for (std::size_t i = 0; i < size(); ++i) views.push_back(at(i));
  return views;
}

core::Result<std::vector<std::pair<std::string, JsonView>>> JsonView::members() const {
  const auto* object = value_ ? std::get_if<JsonValue::Object>(&value_->content()) : nullptr;
  if (object == nullptr) return wrong("an object");
  std::vector<std::pair<std::string, JsonView>> views;
  for (const auto& [key, member] : *object) {
    views.emplace_back(key, JsonView(&member, at(key).path()));
  }
  return views;
}

core::Result<std::string> JsonView::as_text() const {
  const auto* text = value_ ? std::get_if<std::string>(&value_->content()) : nullptr;
  if (text == nullptr) return wrong("a string");
  return *text;
}

core::Result<std::int64_t> JsonView::as_integer() const {
  const auto* whole = value_ ? std::get_if<std::int64_t>(&value_->content()) : nullptr;
  if (whole == nullptr) return wrong("a whole number");
  return *whole;
}

core::Result<double> JsonView::as_number() const {
  if (value_ != nullptr) {
    const auto& content = value_->content();
    if (const auto* real = std::get_if<double>(&content)) return *real;
    if (const auto* whole = std::get_if<std::int64_t>(&content)) {
      return static_cast<double>(*whole);
    }
    if (const auto* huge = std::get_if<std::uint64_t>(&content)) {
      return static_cast<double>(*huge);
    }
  }
  return wrong("a number");
}

core::Result<bool> JsonView::as_boolean() const {
  const auto* boolean = value_ ? std::get_if<bool>(&value_->content()) : nullptr;
  if (boolean == nullptr) return wrong("true or false");
  return *boolean;
}

std::string JsonView::text_or(std::string_view fallback) const {
  auto text = as_text();
  return text ? std::move(*text) : std::string(fallback);
}

std::int64_t JsonView::integer_or(std::int64_t fallback) const {
  const auto whole = as_integer();
  return whole ? *whole : fallback;
}

bool JsonView::boolean_or(bool fallback) const {
  const auto boolean = as_boolean();
  return boolean ? *boolean : fallback;
}

void JsonWriter::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) {
    SKY_CHECK(out_.empty(), "a JSON document is one value");
    return;
  }
  SKY_CHECK(!levels_.back().is_object, "a member has a key before its value");
  if (levels_.back().has_items) out_ += ',';
  levels_.back().has_items = true;
}

void JsonWriter::open(char bracket, bool is_object) {
  before_value();
  out_ += bracket;
  levels_.push_back({is_object, false});
}

void JsonWriter::close(char bracket, bool is_object) {
  SKY_CHECK(!levels_.empty() && levels_.back().is_object == is_object && !after_key_,
            "each end closes what the last begin opened");
  levels_.pop_back();
  out_ += bracket;
}

JsonWriter& JsonWriter::begin_object() { return open('{', true), *this; }
JsonWriter& JsonWriter::end_object() { return close('}', true), *this; }
JsonWriter& JsonWriter::begin_array() { return open('[', false), *this; }
JsonWriter& JsonWriter::end_array() { return close(']', false), *this; }

JsonWriter& JsonWriter::key(std::string_view name) {
  SKY_CHECK(!levels_.empty() && levels_.back().is_object && !after_key_,
            "a key stands in an object");
  if (levels_.back().has_items) out_ += ',';
  levels_.back().has_items = true;
  append_quoted(out_, name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  before_value();
  append_quoted(out_, value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  before_value();
  out_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t value) {
  before_value();
  out_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  before_value();
  out_ += std::isfinite(value) ? fmt::format("{}", value) : std::string("null");
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  before_value();
  out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  before_value();
  out_ += "null";
  return *this;
}

JsonWriter& JsonWriter::value(const JsonValue& value) {
  struct Visitor {
    JsonWriter& writer;
    void operator()(std::nullptr_t) { writer.null(); }
    void operator()(bool item) { writer.boolean(item); }
    void operator()(std::int64_t item) { writer.integer(item); }
    void operator()(std::uint64_t item) { writer.unsigned_integer(item); }
    void operator()(double item) { writer.number(item); }
    void operator()(const std::string& item) { writer.text(item); }
    void operator()(const JsonValue::Array& items) {
      writer.begin_array();
      for (const JsonValue& item : items) writer.value(item);
      writer.end_array();
    }
    void operator()(const JsonValue::Object& items) {
      writer.begin_object();
      for (const auto& [name, item] : items) writer.key(name).value(item);
      writer.end_object();
    }
  };
  std::visit(Visitor{*this}, value.content());
  return *this;
}

const std::string& JsonWriter::str() const {
  SKY_CHECK(levels_.empty() && !after_key_, "a finished document has no open bracket");
  return out_;
}

std::string JsonWriter::take() {
  (void)str();
  return std::exchange(out_, {});
}

std::string json_quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string repaired_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace sky::adapters
