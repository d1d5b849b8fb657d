#include "events/random_id.h"

#include <sys/random.h>

#include <cerrno>

#include "events/system_error.h"

namespace sky::events {

core::Result<std::string> draw_id() {
  unsigned char random[16];
  if (::getrandom(random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) {
    return system_error(errno, "drawing an id");
  }
  constexpr const char* digits = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : random) {
    id += digits[byte >> 4];
    id += digits[byte & 15];
  }
  return id;
}

}  // namespace sky::events
