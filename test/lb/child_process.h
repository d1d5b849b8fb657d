// A program the test starts, whose lines it reads, and which it ends by its pid.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <optional>
#include <string>
#include <vector>

#include "test/lb/peer.h"

extern char** environ;

namespace sky::lb {

class ChildProcess {
 public:
  explicit ChildProcess(const std::vector<std::string>& words) {
    int ends[2] = {-1, -1};
    BOOST_REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int failed =
        posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    out_ = ends[0];
    BOOST_REQUIRE_MESSAGE(failed == 0, "cannot start " << words[0]);
  }
  ChildProcess(ChildProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        out_(std::exchange(other.out_, -1)),
        read_(std::move(other.read_)) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    kill();
    pid_ = std::exchange(other.pid_, -1);
    out_ = std::exchange(other.out_, -1);
    read_ = std::move(other.read_);
    return *this;
  }
  ~ChildProcess() { kill(); }

  void kill() {  // as the cloud does
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      waitpid(std::exchange(pid_, -1), nullptr, 0);
    }
    if (out_ >= 0) ::close(std::exchange(out_, -1));
  }

  // The next line it printed; none when there is none within the time.
  std::optional<std::string> line(std::chrono::milliseconds wait = patience) {
    std::size_t end = read_.find('\n');
    while (end == std::string::npos) {
      pollfd poll_fd{out_, POLLIN, 0};
      if (poll(&poll_fd, 1, static_cast<int>(wait.count())) != 1) return std::nullopt;
      char buffer[4096];
      const ssize_t size = read(out_, buffer, sizeof buffer);
      if (size <= 0) return std::nullopt;
      read_.append(buffer, static_cast<std::size_t>(size));
      end = read_.find('\n');
    }
    std::string taken = read_.substr(0, end);
    read_.erase(0, end + 1);
    return taken;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string read_;
};

}  // namespace sky::lb
