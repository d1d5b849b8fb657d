#include "adapters/kubernetes/frames.h"

#include <utility>

#include "adapters/json_without.h"

namespace sky::adapters::kubernetes {
namespace {

// Often the largest part of an object, and of no use to us.
constexpr std::string_view written_by_whom = "managedFields";

struct TypeWord {
  std::string_view word;
  FrameType type;
};
constexpr TypeWord type_words[] = {{"ADDED", FrameType::added},
                                   {"MODIFIED", FrameType::modified},
                                   {"DELETED", FrameType::deleted},
                                   {"BOOKMARK", FrameType::bookmark},
                                   {"ERROR", FrameType::error}};

}  // namespace

std::string Frame::version() const {
  return view().at("metadata").at("resourceVersion").text_or("");
}

core::Result<Frame> read_frame(std::string_view line) {
  auto document = parse_json_without(line, written_by_whom);
  if (!document) return document.error();
  const JsonView root(*document);
  const std::string word = root.at("type").text_or("");
  Frame frame;
  for (const TypeWord& one : type_words)
    if (one.word == word) frame.type = one.type;
  const JsonValue* object = document->find("object");
  if (frame.type == FrameType::unknown || object == nullptr)
    return core::Error{core::ErrorCode::invalid_input, "not a frame of a watch"};
  frame.object = std::move(*const_cast<JsonValue*>(object));
  return frame;
}

bool FrameSplitter::feed(std::string_view bytes,
                         const std::function<void(std::string_view)>& on_line) {
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (rest_.empty()) {
      if (!line.empty()) on_line(line);
    } else {
      rest_ += line;
      on_line(rest_);
      rest_.clear();
    }
  }
  rest_ += bytes;
  return rest_.size() <= max_frame_bytes;
}

}  // namespace sky::adapters::kubernetes
