// Whether bytes are text: UTF-8 without control characters (tab and line ends are fine).
//
// yaml-cpp replaces wrong bytes silently; a service file with such bytes is refused instead,
// before the parser sees it. Pure.
#pragma once

#include <string_view>

namespace sky::adapters {

// The first line (from 1) with a byte that is not text, or 0 when all is text.
int first_bad_text_line(std::string_view text);

}  // namespace sky::adapters
