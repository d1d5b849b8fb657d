#include "adapters/sandbox/descendants.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <string>

#include "adapters/durable_file.h"

namespace sky::adapters::sandbox {
namespace {

using Steady = std::chrono::steady_clock;

constexpr useconds_t look_every_us = 2000;
// A process that survives SIGKILL that long hangs inside the kernel: nobody can end it.
constexpr auto longest_kill = std::chrono::seconds(5);

pid_t parent_of(const std::string& pid) {
  const auto text = read_file("/proc/" + pid + "/stat");
  const std::size_t name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos || name_end + 4 >= text->size()) return 0;
  pid_t parent = 0;  // ") S PARENT ..."
  std::from_chars(text->data() + name_end + 4, text->data() + text->size(), parent);
  return parent;
}

void signal_children(int signal) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || end != name.data() + name.size()) continue;
    // Our own child keeps its pid until we reap it: it cannot be somebody else's by now.
    if (parent_of(name) == getpid()) kill(pid, signal);
  }
}

}  // namespace

void Descendants::signal_groups(int signal) const {
  for (const pid_t group : groups_) kill(-group, signal);
}

void Descendants::reap(const OnExit& on_exit) {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    has_any_ = pid >= 0;
    if (pid <= 0) return;
    on_exit(pid, status);
  }
}

void Descendants::end_all(core::Duration grace, const OnExit& on_exit,
                          const std::function<void()>& meanwhile) {
  const auto deadline = Steady::now() + grace;
  if (grace.count() > 0) signal_groups(SIGTERM);
  for (reap(on_exit); has_any_ && Steady::now() < deadline; reap(on_exit)) {
    meanwhile();
    usleep(look_every_us);
  }
  const auto given_up = Steady::now() + longest_kill;
  for (reap(on_exit); has_any_ && Steady::now() < given_up; reap(on_exit)) {
    signal_groups(SIGKILL);
    signal_children(SIGKILL);
    meanwhile();
    usleep(look_every_us);
  }
  groups_.clear();
}

}  // namespace sky::adapters::sandbox
