// Text for a POSIX shell. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace sky::adapters {

// In single quotes: nothing inside is special to a shell any more.
std::string shell_quoted(std::string_view text);

}  // namespace sky::adapters
