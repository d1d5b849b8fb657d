// A replica's output with the API's time stamps, read piece by piece without a gap or a repeat.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "adapters/cloud.h"

namespace sky::adapters::kubernetes {

// The lines newer than the cursor, their stamps taken off. The API counts in whole seconds, so it
// sends lines again that were read before. The new cursor is the stamp of the last line.
Output lines_after(std::string_view stamped, const std::string& cursor);

}  // namespace sky::adapters::kubernetes
