#include "cli/daemon_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include "cli/config.h"
#include "cli/event_source.h"

extern char** environ;

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;

// A start replays the log: seconds for tens of millions of events. A guess with a wide margin.
constexpr auto start_patience = std::chrono::seconds(60);
constexpr auto poll_every = std::chrono::milliseconds(20);
// One that was killed a moment ago may hold the lock still while the kernel clears it away, and
// then a new one ends at once: try again. A guess with a wide margin.
constexpr int start_attempts = 4;
constexpr auto between_attempts = std::chrono::milliseconds(200);
// A daemon this slow to answer is busy, not gone.
constexpr timeval answer_patience{.tv_sec = 1, .tv_usec = 0};
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

// A process that is being killed accepts connections until the kernel closes its sockets; it
// answers none.
bool is_served(int socket) {
  constexpr std::string_view question =
      "GET /v1/health HTTP/1.1\r\nHost: daemon\r\nConnection: close\r\n\r\n";
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &answer_patience, sizeof(answer_patience));
  if (::send(socket, question.data(), question.size(), MSG_NOSIGNAL) < 0) return false;
  char first = 0;
  const ssize_t received = ::recv(socket, &first, 1, 0);
  return received > 0 || (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

enum class Start { answers, ended, silent };

// Waits for a daemon that was just spawned, or for another one that was quicker.
Start await_daemon(const Home& home, pid_t pid) {
  const auto give_up = std::chrono::steady_clock::now() + start_patience;
  while (std::chrono::steady_clock::now() < give_up) {
    if (daemon_answers(home)) return Start::answers;
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      std::this_thread::sleep_for(between_attempts);
      return daemon_answers(home) ? Start::answers : Start::ended;
    }
    std::this_thread::sleep_for(poll_every);
  }
  return Start::silent;
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
  const bool answers =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      is_served(socket);
  ::close(socket);
  return answers;
}

core::Result<void> ensure_daemon(const Home& home) {
  if (daemon_answers(home)) return {};
  auto made = make_home();
  if (!made) return made.error();
  // Said here in full: of what a daemon says at its end only the last line comes back.
  if (auto config = read_config(home); !config) return config.error();
  // Two commands may start one at the same moment: the second daemon ends, the first answers.
  for (int attempt = 0; attempt < start_attempts; ++attempt) {
    const auto pid = spawn_daemon(home);
    if (!pid) return pid.error();
    const Start start = await_daemon(home, *pid);
    if (start == Start::answers) return {};
    if (start == Start::silent)
      return Error{ErrorCode::unavailable,
                   "the daemon does not answer; see " + home.daemon_output().string()};
  }
  return Error{ErrorCode::unavailable,
               "the daemon did not start: " + last_line(home.daemon_output()) +
                   " (all of it: " + home.daemon_output().string() + ")"};
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
