// The answer of `replay --what-if`: three columns side by side, and what they rest on.
#pragma once

#include <string>

#include "cli/what_if.h"

namespace sky::cli {

struct WhatIfFormat {
  bool utc = false;
  bool color = false;
};

std::string what_if_text(const WhatIfAnswer& answer, const WhatIfFormat& format);
// One document; fields are only ever added. Shares are from 0 to 1, times in seconds, costs in USD.
std::string what_if_json(const WhatIfAnswer& answer);

}  // namespace sky::cli
