// clouds.yaml as it was when the program was built: a part of the binary, nothing to install.
// Whoever wants to know what it says asks catalog.h. Any thread.
#pragma once

#include <string_view>

namespace sky::adapters::sandbox {

std::string_view catalog_text();

}  // namespace sky::adapters::sandbox
