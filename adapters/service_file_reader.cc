#include "adapters/service_file_reader.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace sky::adapters {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// Edits (insert, delete, replace, swap of neighbours) that make one word the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

std::string range_text(Range<double> range) {
  return fmt::format("from {:g} to {:g}", range.lowest, range.highest);
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t longest_key = 64;  // longer "keys" are no typing mistakes
  constexpr std::size_t shortest_beginning = 5;  // `upscale_delay` for `upscale_delay_seconds`
  if (word.size() > longest_key) return {};
  const std::string lower = to_lower(word);
  std::string best;
  // A third of the letters may be wrong, at least one and at most four: beyond that a suggestion
  // is noise (guess).
  std::size_t best_distance = std::clamp<std::size_t>(word.size() / 3, 1, 4) + 1;
  for (const std::string& candidate : known) {
    const bool cut_short = lower.size() >= shortest_beginning && candidate.rfind(lower, 0) == 0;
    const std::size_t edits = edit_distance(lower, to_lower(candidate));
    const std::size_t distance = cut_short ? std::min<std::size_t>(edits, 2) : edits;
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

// ---- Problems

bool Problems::add_text(int line, const std::string& path, const std::string& text) {
  const std::string where =
      line > 0 ? fmt::format("{}:{}", file_name_, line) : std::string("--set");
  std::string whole = where + ": " + (path.empty() ? text : path + ": " + text);
  if (std::find(texts_.begin(), texts_.end(), whole) != texts_.end()) return false;
  if (texts_.size() >= max_texts) {
    ++dropped_;
    return false;
  }
  texts_.push_back(std::move(whole));
  return true;
}

void Problems::add(int line, const std::string& path, const std::string& text) {
  add_text(line, path, text);
  only_unsupported_ = false;
}

void Problems::add_unsupported(int line, const std::string& path, const std::string& text) {
  add_text(line, path, text);
}

core::Error Problems::error() const {
  std::string all;
  for (const std::string& text : texts_) all += (all.empty() ? "" : "\n") + text;
  if (dropped_ > 0) all += fmt::format("\n{}: and {} more", file_name_, dropped_);
  return {only_unsupported_ ? core::ErrorCode::unsupported : core::ErrorCode::invalid_input, all};
}

// ---- Field

std::optional<double> to_number(const YamlNode& node) {
  const ScalarType type = scalar_type(node);
  if (type != ScalarType::integer && type != ScalarType::real) return {};
  YamlNode plain = node;
  plain.substituted = false;
  const auto json = to_json(plain);  // turns "0x10", "+1" and ".5" into one spelling
  if (!json) return {};
  const double number = std::strtod(json->c_str(), nullptr);
  if (!std::isfinite(number)) return {};
  return number;
}

std::optional<std::string> Field::text() const {
  if (node->is_scalar()) return node->text;
  wrong(fmt::format("must be text, is {}", kind_text(*node)));
  return {};
}

std::optional<bool> Field::flag() const {
  if (scalar_type(*node) == ScalarType::boolean)
    return node->text[0] == 't' || node->text[0] == 'T';
  wrong(fmt::format("must be true or false, is {}",
                    node->is_scalar() ? "`" + node->text + "`" : kind_text(*node)));
  return {};
}

std::optional<double> Field::number(Range<double> range) const {
  const auto number = to_number(*node);
  if (!number) {
    wrong(fmt::format("must be a number, is {}",
                      node->is_scalar() ? "`" + node->text + "`" : kind_text(*node)));
    return {};
  }
  if (*number < range.lowest || *number > range.highest) {
    wrong(fmt::format("must be {}, is {}", range_text(range), node->text));
    return {};
  }
  return number;
}

std::optional<std::uint32_t> Field::count(Range<std::uint32_t> range) const {
  const auto number = to_number(*node);
  if (!number || *number != std::floor(*number)) {
    wrong(fmt::format("must be a whole number, is {}",
                      node->is_scalar() ? "`" + node->text + "`" : kind_text(*node)));
    return {};
  }
  if (*number < range.lowest || *number > range.highest) {
    wrong(fmt::format("must be from {} to {}, is {}", range.lowest, range.highest, node->text));
    return {};
  }
  return static_cast<std::uint32_t>(*number);
}

std::optional<core::Duration> Field::seconds(Range<double> range) const {
  const auto value = number(range);
  if (!value) return {};
  return core::Duration(std::llround(*value * 1e6));
}

std::optional<std::size_t> choose(const Field& field, const std::vector<std::string>& words) {
  const auto text = field.text();
  if (!text) return {};
  const auto found = std::find(words.begin(), words.end(), to_lower(*text));
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string near = nearest_word(*text, words);
  field.wrong(
      fmt::format("`{}` is not known; {}", *text,
                  near.empty() ? "one of: " + joined(words) : "did you mean `" + near + "`?"));
  return {};
}

// ---- MapReader

MapReader::MapReader(const Field& field) : MapReader(field, field.path) {}

MapReader::MapReader(const Field& field, std::string inherited_path)
    : field_(field), inherited_path_(std::move(inherited_path)) {
  if (field.node->kind == YamlNode::Kind::map) return;
  field.wrong(fmt::format("must be a map of keys and values, is {}", kind_text(*field.node)));
  static const YamlNode empty;
  field_.node = &empty;
}

std::optional<Field> MapReader::lookup(const char* key) {
  for (const YamlEntry& entry : field_.node->entries) {
    if (entry.key != key) continue;
    const std::string& path = entry.inherited ? inherited_path_ : field_.path;
    return Field{&entry.value, entry.line, path.empty() ? entry.key : path + "." + entry.key,
                 field_.problems};
  }
  return {};
}

std::optional<Field> MapReader::find(const char* key) {
  known_.emplace_back(key);
  return lookup(key);
}

std::optional<Field> MapReader::value(const char* key) {
  auto field = find(key);
  if (field && field->is_null()) return {};
  return field;
}

void MapReader::refuse(const char* key, const std::string& why) {
  refused_.emplace_back(key);
  if (const auto field = lookup(key); field && !field->is_null()) field->unsupported(why);
}

void MapReader::finish() {
  for (const YamlEntry& entry : field_.node->entries) {
    const auto is_listed = [&](const std::vector<std::string>& keys) {
      return std::find(keys.begin(), keys.end(), entry.key) != keys.end();
    };
    if (is_listed(known_) || is_listed(refused_)) continue;
    const std::string& path = entry.inherited ? inherited_path_ : field_.path;
    const std::string near = nearest_word(entry.key, known_);
    field_.problems->add(entry.line, path.empty() ? entry.key : path + "." + entry.key,
                         near.empty() ? "unknown key; known here: " + joined(known_)
                                      : "unknown key; did you mean `" + near + "`?");
  }
}

}  // namespace sky::adapters
