#include "adapters/shell_text.h"

namespace sky::adapters {

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char letter : text) {
    if (letter == '\'')
      out += "'\\''";
    else
      out += letter;
  }
  return out + "'";
}

}  // namespace sky::adapters
