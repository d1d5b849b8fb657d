// Typed reading of a YAML tree: every key is asked for by name, whatever was not asked for is
// unknown, and every problem is collected with its line instead of stopping at the first.
//
// A reader returns nothing when a value is absent or wrong; wrong ones leave a problem behind.
// Borrowed: the tree and the Problems must outlive the readers. Any thread, nothing is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/service_file_tree.h"
#include "core/result.h"
#include "core/time.h"

namespace sky::adapters {

// All that is wrong with one file, in the order found, without repeats.
class Problems {
 public:
  explicit Problems(std::string file_name) : file_name_(std::move(file_name)) {}

  void add(int line, const std::string& path, const std::string& text);
  void add_unsupported(int line, const std::string& path, const std::string& text);
  bool empty() const { return texts_.empty(); }
  // invalid_input; unsupported when that is all there is.
  core::Error error() const;

 private:
  bool add_text(int line, const std::string& path, const std::string& text);

  // A person fixes a handful at a time; a generated file may hold thousands.
  static constexpr std::size_t max_texts = 20;
  std::string file_name_;
  std::vector<std::string> texts_;
  std::size_t dropped_ = 0;
  bool only_unsupported_ = true;
};

template <class Number>
struct Range {
  Number lowest;
  Number highest;
};

// One value and where it stands.
struct Field {
  const YamlNode* node;
  int line;
  std::string path;
  Problems* problems;

  std::optional<std::string> text() const;  // any scalar, as written
  std::optional<bool> flag() const;
  std::optional<std::uint32_t> count(Range<std::uint32_t> range) const;
  std::optional<double> number(Range<double> range) const;  // both ends are allowed
  std::optional<core::Duration> seconds(Range<double> range) const;
  bool is_null() const { return node->kind == YamlNode::Kind::null; }
  void wrong(const std::string& text) const { problems->add(line, path, text); }
  void unsupported(const std::string& why) const { problems->add_unsupported(line, path, why); }
};

// The words of an enumeration, compared without case: {"round_robin", ...}; the index.
std::optional<std::size_t> choose(const Field& field, const std::vector<std::string>& words);

class MapReader {
 public:
  // A node that is not a map leaves a problem and reads as an empty map.
  MapReader(const Field& field);
  // Entries marked inherited are named under `inherited_path` in messages.
  MapReader(const Field& field, std::string inherited_path);

  std::optional<Field> find(const char* key);  // also when its value is null
  std::optional<Field> value(const char* key);  // not when its value is null
  // Known in SkyServe, refused here by name; null asks for nothing and is fine.
  void refuse(const char* key, const std::string& why);
  void wrong(const std::string& text) const { field_.wrong(text); }
  // Call last: what was never asked for is unknown.
  void finish();

 private:
  std::optional<Field> lookup(const char* key);

  Field field_;
  std::string inherited_path_;
  std::vector<std::string> known_;
  std::vector<std::string> refused_;
};

// The word of `known` that a person most likely meant; empty when none is near.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// A finite number by YAML's core schema.
std::optional<double> to_number(const YamlNode& node);

}  // namespace sky::adapters
