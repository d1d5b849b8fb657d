#include "cli/daemon_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include "cli/event_source.h"

extern char** environ;

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;

// A start replays the log: seconds for tens of millions of events. A guess with a wide margin.
constexpr auto start_patience = std::chrono::seconds(60);
constexpr auto poll_every = std::chrono::milliseconds(20);
constexpr std::streamoff output_bytes_max = 8 << 20;  // older output of the daemon is let go

// Detached by its own session: a closed terminal or a killed command does not take it along.
core::Result<pid_t> spawn_daemon(const Home& home) {
  const std::string output = home.daemon_output();
  std::error_code absent;
  const auto size = std::filesystem::file_size(output, absent);
  const int extra =
      !absent && size > static_cast<std::uintmax_t>(output_bytes_max) ? O_TRUNC : O_APPEND;

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | extra, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);

  std::string program = "/proc/self/exe", name = "skyctl", command = "daemon";
  char* arguments[] = {name.data(), command.data(), nullptr};
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, program.c_str(), &files, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0)
    return Error{ErrorCode::io, std::string("cannot start the daemon: ") + std::strerror(failed)};
  return pid;
}

std::string last_line(const std::filesystem::path& file) {
  std::ifstream input(file);
  std::string line, last;
  while (std::getline(input, line))
    if (!line.empty()) last = line;
  return last;
}

}  // namespace

bool daemon_answers(const Home& home) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = home.api_socket();
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(socket);
  return connected;
}

core::Result<void> ensure_daemon(const Home& home) {
  if (daemon_answers(home)) return {};
  auto made = make_home();
  if (!made) return made.error();
  const auto pid = spawn_daemon(home);
  if (!pid) return pid.error();

  const auto give_up = std::chrono::steady_clock::now() + start_patience;
  bool ended = false;
  while (std::chrono::steady_clock::now() < give_up) {
    if (daemon_answers(home)) return {};
    // Two commands may start one at the same moment: the second daemon ends, the first answers.
    if (ended) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      if (daemon_answers(home)) return {};
      return Error{ErrorCode::unavailable,
                   "the daemon did not start: " + last_line(home.daemon_output()) +
                       " (all of it: " + home.daemon_output().string() + ")"};
    }
    int status = 0;
    ended = ::waitpid(*pid, &status, WNOHANG) == *pid;
    std::this_thread::sleep_for(poll_every);
  }
  return Error{ErrorCode::unavailable,
               "the daemon does not answer; see " + home.daemon_output().string()};
}

core::Result<void> revive_daemon(const Home& home) {
  if (daemon_answers(home)) return {};
  const auto live = has_live_services(home);
  if (!live) return live.error();
  if (!*live) return {};
  std::cerr << "skyctl: the daemon is not running; starting it again\n";
  return ensure_daemon(home);
}

}  // namespace sky::cli
