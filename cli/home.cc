#include "cli/home.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;

// The longest socket name made in a home ("/follow.sock") with room to spare.
constexpr std::size_t longest_socket_name = 16;

Error cannot_use(const std::filesystem::path& root, const char* verb, int error_number) {
  const ErrorCode code = error_number == ENOSPC ? ErrorCode::no_space : ErrorCode::permission;
  return {code, "cannot " + std::string(verb) + " " + root.string() + ": " +
                    std::strerror(error_number) + "; set SKYCTL_HOME to a directory you may write"};
}

}  // namespace

core::Result<Home> find_home() {
  Home home;
  if (const char* chosen = std::getenv("SKYCTL_HOME"); chosen != nullptr && *chosen != '\0') {
    home.root = std::filesystem::absolute(chosen);
  } else if (const char* user = std::getenv("HOME"); user != nullptr && *user != '\0') {
    home.root = std::filesystem::path(user) / ".skyctl";
  } else {
    return Error{ErrorCode::usage, "neither SKYCTL_HOME nor HOME is set; set SKYCTL_HOME"};
  }
  if (home.root.string().size() + longest_socket_name >= sizeof(sockaddr_un{}.sun_path))
    return Error{ErrorCode::usage, "the path " + home.root.string() +
                                       " is too long for a unix socket; set a shorter SKYCTL_HOME"};
  return home;
}

core::Result<Home> make_home() {
  auto home = find_home();
  if (!home) return home.error();
  std::error_code failed;
  std::filesystem::create_directories(home->root.parent_path(), failed);
  if (::mkdir(home->root.c_str(), 0700) != 0 && errno != EEXIST)
    return cannot_use(home->root, "make", errno);
  if (::access(home->root.c_str(), R_OK | W_OK | X_OK) != 0)
    return cannot_use(home->root, "write in", errno);
  return home;
}

}  // namespace sky::cli
