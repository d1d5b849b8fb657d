// errno as one of our errors. Private to events.
#pragma once

#include <string>

#include "core/result.h"

namespace sky::events {

// "doing it: No space left on device". Codes: permission, no_space, not_found, io.
core::Error system_error(int number, const std::string& doing);

}  // namespace sky::events
