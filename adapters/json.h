// JSON at the edges: reading with simdjson into a small value tree, and a writer.
//
// Reading never throws and never guesses: a getter fails with a text that names the path
// ("service.ports[2]: expected a whole number"). The writer always makes valid JSON: strings are
// escaped, bytes that are not UTF-8 become U+FFFD, numbers that JSON cannot say become null.
// It is no schema checker and keeps no comments. Thread: any; values belong to their owner.
// Errors: invalid_input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"

namespace sky::adapters {

inline constexpr std::size_t max_json_bytes = std::size_t{64}
                                              << 20;  // a guess: far above any answer
inline constexpr std::size_t max_json_depth = 64;  // a guess: we nest to six

class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Member = std::pair<std::string, JsonValue>;
  using Object = std::vector<Member>;  // in file order; of a repeated key the last one counts
  using Content = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double,
                               std::string, Array, Object>;

  JsonValue() = default;
  explicit JsonValue(Content content) : content_(std::move(content)) {}

  const Content& content() const { return content_; }
  const JsonValue* find(std::string_view key) const;  // null: absent, or this is no object

 private:
  Content content_ = nullptr;
};

// A whole document; anything after it but white space is an error.
core::Result<JsonValue> parse_json(std::string_view text);

// A place in a document, present or not. Borrows the value: keep that alive.
//   const JsonView root(value);
//   auto port = root.at("service").at("ports").at(0).as_integer();
class JsonView {
 public:
  explicit JsonView(const JsonValue& root) : value_(&root) {}

  JsonView at(std::string_view key) const;
  JsonView at(std::size_t index) const;

  bool is_present() const { return value_ != nullptr; }  // absent is not null
  bool is_null() const;
  const std::string& path() const { return path_; }  // "" is the document itself
  const JsonValue* value() const { return value_; }

  std::size_t size() const;  // elements or members; 0 when it is neither, or absent
  core::Result<std::vector<JsonView>> elements() const;
  core::Result<std::vector<std::pair<std::string, JsonView>>> members() const;

  core::Result<std::string> as_text() const;
  core::Result<std::int64_t> as_integer() const;
  core::Result<double> as_number() const;  // whole numbers too
  core::Result<bool> as_boolean() const;

  // For members that may be left out: the fallback when absent, null, or of another type.
  std::string text_or(std::string_view fallback) const;
  std::int64_t integer_or(std::int64_t fallback) const;
  bool boolean_or(bool fallback) const;

 private:
  JsonView(const JsonValue* value, std::string path) : value_(value), path_(std::move(path)) {}
  core::Error wrong(const char* expected) const;

  const JsonValue* value_;
  std::string path_;
};

// Writes one document, compact and on one line. Wrong nesting is a bug and stops the process.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& text(std::string_view value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& unsigned_integer(std::uint64_t value);
  JsonWriter& number(double value);  // shortest text that reads back the same
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& value(const JsonValue& value);

  JsonWriter& member(std::string_view name, std::string_view value) {
    return key(name).text(value);
  }
  JsonWriter& member(std::string_view name, const char* value) { return key(name).text(value); }
  JsonWriter& member(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonWriter& member(std::string_view name, double value) { return key(name).number(value); }
  JsonWriter& member(std::string_view name, std::int64_t v) { return key(name).integer(v); }
  JsonWriter& member(std::string_view name, std::int32_t v) { return key(name).integer(v); }
  JsonWriter& member(std::string_view name, std::uint64_t v) {
    return key(name).unsigned_integer(v);
  }
  JsonWriter& member(std::string_view name, std::uint32_t v) {
    return key(name).unsigned_integer(v);
  }

  const std::string& str() const;  // every begin has met its end
  std::string take();  // the same, moved out; the writer is empty again

 private:
  void before_value();
  void open(char bracket, bool is_object);
  void close(char bracket, bool is_object);

  struct Level {
    bool is_object = false;
    bool has_items = false;
  };
  std::string out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

// The text as a JSON string with its quotes.
std::string json_quoted(std::string_view text);

// A copy that is valid UTF-8: each wrong byte becomes U+FFFD.
std::string repaired_utf8(std::string_view text);

}  // namespace sky::adapters
