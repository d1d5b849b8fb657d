// Files of the source tree that are a part of the binary, as they are.
#pragma once

#include <string_view>

namespace sky::adapters::vm {

std::string_view launcher_text();  // launch.sh
std::string_view offers_text();  // offers.yaml

}  // namespace sky::adapters::vm
