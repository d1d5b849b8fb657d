// Reading JSON with one member left out wherever it stands, for documents whose bulk is of no use.
//
// What is left out must still be valid JSON, and costs its bytes once; it is not stored. Apart from
// json.h because only readers of large foreign documents need it. Thread: any. Errors: as there.
#pragma once

#include <string_view>

#include "adapters/json.h"

namespace sky::adapters {

core::Result<JsonValue> parse_json_without(std::string_view text, std::string_view member);

}  // namespace sky::adapters
