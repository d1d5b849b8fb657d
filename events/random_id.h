// Names that nobody has drawn before: 128 random bits of the kernel. Any thread.
#pragma once

#include <string>

#include "core/result.h"

namespace sky::events {

// 32 lower-case hexadecimal digits. Errors: io.
core::Result<std::string> draw_id();

}  // namespace sky::events
