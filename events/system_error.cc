#include "events/system_error.h"

#include <cerrno>
#include <system_error>

namespace sky::events {

core::Error system_error(int number, const std::string& doing) {
  using core::ErrorCode;
  const std::string text = doing + ": " + std::generic_category().message(number);
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS: return {ErrorCode::permission, text};
    case ENOSPC:
    case EDQUOT: return {ErrorCode::no_space, text + "; free some space on this disk"};
    case ENOENT: return {ErrorCode::not_found, text};
    default: return {ErrorCode::io, text};
  }
}

}  // namespace sky::events
