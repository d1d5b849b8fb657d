// A watch's answer cut into frames: one JSON object a line, however the bytes arrive.
//
// A frame that was cut off is never seen: the next watch begins after the last whole one.
// One stream, one splitter; no thread of its own. Errors: invalid_input.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "adapters/json.h"
#include "core/result.h"

namespace sky::adapters::kubernetes {

enum class FrameType : std::uint8_t { unknown, added, modified, deleted, bookmark, error };

struct Frame {
  FrameType type = FrameType::unknown;
  JsonValue object;
  JsonView view() const { return JsonView(object); }
  std::string version() const;  // metadata.resourceVersion
};
core::Result<Frame> read_frame(std::string_view line);

// An object is at most about 1.5 MiB (etcd's limit on a request); with the frame around it less
// than this.
inline constexpr std::size_t max_frame_bytes = std::size_t{4} << 20;

class FrameSplitter {
 public:
  // Calls with each whole line, without its newline. False: a line is longer than any frame.
  bool feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line);
  void reset() { rest_.clear(); }

 private:
  std::string rest_;
};

}  // namespace sky::adapters::kubernetes
