#include "core/check.h"

#include <cstdlib>
#include <iostream>

namespace sky::core {

void check_failed(const char* file, int line, const char* condition, const char* why) {
  std::cerr << file << ':' << line << ": broken invariant: " << why << " (" << condition << ")\n";
  std::abort();
}

}  // namespace sky::core
