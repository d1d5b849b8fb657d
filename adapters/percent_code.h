// Percent-encoding of URLs (RFC 3986), both ways. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sky::adapters {

enum class PlusSign { is_plus, is_space };  // forms and queries write a blank as '+'

// A '%' that is not followed by two hex digits stays as it is.
std::string percent_decoded(std::string_view text, PlusSign plus = PlusSign::is_plus);

// Everything but letters, digits and "-._~" as %XX: right for one path segment or query value.
std::string percent_encoded(std::string_view text);

}  // namespace sky::adapters
