#include "adapters/kubernetes/stamped_lines.h"

#include <algorithm>

namespace sky::adapters::kubernetes {
namespace {

// "2026-11-27T03:00:00.5Z" and "2026-11-27T03:00:00.123456789Z" in an order: trailing zeros of
// fractions are left out in this notation.
bool is_after(std::string_view a, std::string_view b) {
  const auto whole = [](std::string_view text) { return text.substr(0, 19); };
  if (whole(a) != whole(b)) return whole(a) > whole(b);
  const auto fraction = [](std::string_view text) {
    std::string digits;
    for (std::size_t at = 20; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      digits += text[at];
    digits.resize(9, '0');
    return digits;
  };
  return fraction(a) > fraction(b);
}

}  // namespace

Output lines_after(std::string_view stamped, const std::string& cursor) {
  Output output;
  output.cursor = cursor;
  bool is_new = cursor.empty();
  while (!stamped.empty()) {
    const std::size_t end = std::min(stamped.find('\n'), stamped.size() - 1) + 1;
    const std::string_view line = stamped.substr(0, end);
    stamped.remove_prefix(end);
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view stamp = line.substr(0, space);
    is_new = is_new || is_after(stamp, cursor);
    if (!is_new) continue;
    output.text += line.substr(std::min(space + 1, line.size()));
    output.cursor = stamp;
  }
  return output;
}

}  // namespace sky::adapters::kubernetes
