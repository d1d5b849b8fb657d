#include "adapters/service_file_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "adapters/service_file_utf8.h"

namespace sky::adapters {
namespace {

using Kind = YamlNode::Kind;

// Builds the tree from the parser's events. It cannot stop the parser, so once something is wrong
// it keeps the first error and ignores the rest; the parser itself is bounded by the input's size.
class TreeBuilder final : public YAML::EventHandler {
 public:
  const std::string& error() const { return error_; }
  int error_line() const { return error_line_; }
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(Kind::null, mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return fail(mark, "an alias inside its own anchor");
    node_count_ += found->second.size;
    if (node_count_ > max_yaml_nodes) return fail_size(mark);
    if (open_.size() + found->second.depth > max_yaml_depth) return fail_depth(mark);
    place(found->second.node, mark.line + 1);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!known_tag(tag)) return fail(mark, "the tag " + tag + " is not supported");
    const bool quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    YamlNode node = make(quoted ? Kind::quoted : Kind::plain, mark);
    node.text = value;
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Anchored {
    YamlNode node;
    std::size_t size = 0;
    std::size_t depth = 0;
  };
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::size_t first_node = 0;
    std::size_t depth = 1;  // of what is inside, itself included
    bool has_key = false;
    YamlEntry pending;
  };

  static bool known_tag(const std::string& tag) {
    static const char* const known[] = {"",
                                        "?",
                                        "!",
                                        "tag:yaml.org,2002:str",
                                        "tag:yaml.org,2002:int",
                                        "tag:yaml.org,2002:float",
                                        "tag:yaml.org,2002:bool",
                                        "tag:yaml.org,2002:map",
                                        "tag:yaml.org,2002:seq",
                                        "tag:yaml.org,2002:set"};
    return std::find(std::begin(known), std::end(known), tag) != std::end(known);
  }
  static YamlNode make(Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    return node;
  }
  void fail(const YAML::Mark& mark, std::string text) { fail_at(mark.line + 1, std::move(text)); }
  void fail_at(int line, std::string text) {
    if (!error_.empty()) return;
    error_ = std::move(text);
    error_line_ = line;
  }
  void fail_size(const YAML::Mark& mark) {
    fail(mark, "more than " + std::to_string(max_yaml_nodes) + " values (aliases are copied in)");
  }
  void fail_depth(const YAML::Mark& mark) {
    fail(mark, "nested deeper than " + std::to_string(max_yaml_depth) + " levels");
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (!known_tag(tag)) fail(mark, "the tag " + tag + " is not supported");
    if (open_.size() >= max_yaml_depth) fail_depth(mark);
    if (!error_.empty()) {
      ++ignored_;
      return;
    }
    open_.push_back({make(kind, mark), anchor, node_count_++, 1, false, {}});
  }
  void close() {
    if (ignored_ > 0) {
      --ignored_;
      return;
    }
    if (open_.empty()) return;
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0)
      anchors_[done.anchor] = {done.node, node_count_ - done.first_node, done.depth};
    if (!open_.empty()) open_.back().depth = std::max(open_.back().depth, done.depth + 1);
    const int line = done.node.line;
    place(std::move(done.node), line);
  }
  void add(YamlNode node, YAML::anchor_t anchor) {
    if (!error_.empty()) return;
    if (++node_count_ > max_yaml_nodes)
      return fail_at(node.line, "more than " + std::to_string(max_yaml_nodes) + " values");
    if (anchor != 0) anchors_[anchor] = {node, 1, 1};
    const int line = node.line;
    place(std::move(node), line);
  }
  void place(YamlNode node, int line) {
    if (!error_.empty()) return;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      place_key(parent, node, line);
    } else {
      parent.pending.value = std::move(node);
      parent.node.entries.push_back(std::move(parent.pending));
      parent.pending = {};
      parent.has_key = false;
    }
  }
  void place_key(Open& parent, const YamlNode& node, int line) {
    if (!node.is_scalar()) return fail_at(line, "a key must be text");
    const auto& entries = parent.node.entries;
    const auto earlier = std::find_if(entries.begin(), entries.end(),
                                      [&](const YamlEntry& e) { return e.key == node.text; });
    if (earlier != entries.end())
      return fail_at(line, "the key `" + node.text + "` was given already in line " +
                               std::to_string(earlier->line));
    parent.pending.key = node.text;
    parent.pending.line = line;
    parent.has_key = true;
  }

  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t node_count_ = 0;
  std::size_t ignored_ = 0;
  std::string error_;
  int error_line_ = 0;
};

core::Error bad(const std::string& file, int line, const std::string& text) {
  return {core::ErrorCode::invalid_input, file + ":" + std::to_string(line) + ": " + text};
}

// `<<: *base` or `<<: [*a, *b]`: entries that are not there yet. False when it is not a map.
bool merge_one(YamlNode& into, const YamlNode& from) {
  if (from.kind != Kind::map) return false;
  for (const YamlEntry& entry : from.entries)
    if (into.find(entry.key) == nullptr) into.entries.push_back(entry);
  return true;
}

// Applies all merge keys. Returns the line of a wrong one, or 0.
int apply_merges(YamlNode& node) {
  for (YamlNode& item : node.items)
    if (const int line = apply_merges(item); line != 0) return line;
  for (YamlEntry& entry : node.entries)
    if (const int line = apply_merges(entry.value); line != 0) return line;
  const auto merge = std::find_if(node.entries.begin(), node.entries.end(),
                                  [](const YamlEntry& e) { return e.key == "<<"; });
  if (merge == node.entries.end()) return 0;
  const int line = merge->line;
  const YamlNode source = std::move(merge->value);
  node.entries.erase(merge);
  if (source.kind != Kind::list) return merge_one(node, source) ? 0 : line;
  for (const YamlNode& item : source.items)
    if (!merge_one(node, item)) return line;
  return 0;
}

// The line of the first tab used for indentation, or 0. yaml-cpp only says "end of map not found".
int tab_indented_line(std::string_view text) {
  int line = 1;
  bool at_indentation = true;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      at_indentation = true;
    } else if (c == '\t' && at_indentation) {
      return line;
    } else if (c != ' ') {
      at_indentation = false;
    }
  }
  return 0;
}

// The boundary to yaml-cpp: its exceptions end here.
core::Result<YamlNode> parse_bounded(std::string_view text, const std::string& file) {
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return bad(file, 1, "the file is empty");
    YamlNode root = builder.take();
    TreeBuilder second;
    if (builder.error().empty() && parser.HandleNextDocument(second))
      return bad(file, 1, "more than one document (`---`); a service file is one");
    if (!builder.error().empty()) return bad(file, builder.error_line(), builder.error());
    return root;
  } catch (const YAML::Exception& error) {
    if (const int line = tab_indented_line(text); line != 0 && line <= error.mark.line + 2)
      return bad(file, line, "a tab in the indentation; YAML wants spaces");
    return bad(file, error.mark.line + 1, "not YAML: " + error.msg);
  } catch (const std::exception& error) {
    return bad(file, 1, std::string("not YAML: ") + error.what());
  }
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

YamlNode* YamlNode::find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).find(key));
}

const char* kind_text(const YamlNode& node) {
  switch (node.kind) {
    case Kind::null: return "nothing";
    case Kind::quoted: return "text";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
    case Kind::plain: break;
  }
  switch (scalar_type(node)) {
    case ScalarType::boolean: return "true/false";
    case ScalarType::integer:
    case ScalarType::real: return "a number";
    default: return "text";
  }
}

core::Result<YamlNode> parse_yaml(std::string_view text, const std::string& file_name) {
  if (text.size() > max_yaml_bytes)
    return bad(file_name, 1, "larger than " + std::to_string(max_yaml_bytes) + " bytes");
  if (const int line = first_bad_text_line(text); line != 0)
    return bad(file_name, line, "not text in UTF-8");
  auto root = parse_bounded(text, file_name);
  if (!root) return root;
  if (const int line = apply_merges(*root); line != 0)
    return bad(file_name, line, "`<<` takes a map or a list of maps");
  return root;
}

}  // namespace sky::adapters
