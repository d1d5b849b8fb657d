#include "adapters/sandbox/user_program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sky::adapters::sandbox {
namespace {

// What a shell needs of the world around it, and nothing that could be a credential.
constexpr const char* inherited_names[] = {"PATH",   "USER",           "LOGNAME",  "SHELL",
                                           "LANG",   "LC_ALL",         "LC_CTYPE", "TZ",
                                           "TMPDIR", "LD_LIBRARY_PATH"};

bool is_word_byte(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_';
}

// "8888" in "x8888", "1.8888", "88881" and "8888.5" is a part of something else.
bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && (is_word_byte(text[begin - 1]) || text[begin - 1] == '.')) return false;
  if (end == text.size()) return true;
  const bool is_decimal = text[end] == '.' && end + 1 < text.size() &&
                          std::isdigit(static_cast<unsigned char>(text[end + 1])) != 0;
  return !is_word_byte(text[end]) && !is_decimal;
}

[[noreturn]] void become_program(const char* script, const char* work_directory, char** environment,
                                 int output_fd) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(output_fd, 1);
  dup2(output_fd, 2);
  close_range(3, ~0U, 0);
  const char* const arguments[] = {"bash", script, nullptr};
  if (chdir(work_directory) == 0) {
    execve("/bin/bash", const_cast<char**>(arguments), environment);
    execve("/bin/sh", const_cast<char**>(arguments), environment);
  }
  const char* reason = std::strerror(errno);
  (void)!write(2, reason, std::strlen(reason));
  (void)!write(2, "\n", 1);
  _exit(127);
}

}  // namespace

std::string with_own_port(std::string_view text, std::uint16_t service_port,
                          std::uint16_t own_port) {
  const std::string number = std::to_string(service_port);
  std::string out;
  std::size_t from = 0;
  while (service_port != 0) {
    const std::size_t found = text.find(number, from);
    if (found == std::string_view::npos) break;
    const std::size_t end = found + number.size();
    out += text.substr(from, found - from);
    out += stands_alone(text, found, end) ? std::to_string(own_port) : number;
    from = end;
  }
  out += text.substr(from);
  return out;
}

std::string machine_mark(const std::filesystem::path& directory) {
  return "SKYCTL_MACHINE=" + directory.string();
}

std::vector<std::string> program_environment(const MachineOrder& order, const Secrets& secrets,
                                             const std::filesystem::path& directory,
                                             std::uint16_t port) {
  std::vector<std::string> environment;
  for (const char* name : inherited_names) {
    if (const char* value = std::getenv(name))
      environment.push_back(std::string(name) + "=" + value);
  }
  const auto add = [&](const std::string& name, const std::string& value) {
    std::erase_if(environment,
                  [&](const std::string& entry) { return entry.starts_with(name + "="); });
    environment.push_back(name + "=" + value);
  };
  add("HOME", (directory / "work").string());
  const std::string own_port = std::to_string(port);
  add("PORT", own_port);
  for (const auto& [name, value] : order.envs) {
    add(name, with_own_port(value, order.service_port, port));
  }
  for (const auto& [name, value] : secrets) add(name, value);
  add("SKYPILOT_SERVE_REPLICA_ID", std::to_string(order.replica.value));
  add("SKYPILOT_NODE_RANK", "0");
  add("SKYPILOT_NODE_IPS", "127.0.0.1");
  add("SKYPILOT_NUM_NODES", "1");
  add("SKYPILOT_NUM_GPUS_PER_NODE", std::to_string(order.offer.accelerator.count));
  add("SKYCTL_REPLICA_PORT", own_port);
  environment.push_back(machine_mark(directory));
  return environment;
}

pid_t start_program(const std::filesystem::path& script,
                    const std::filesystem::path& work_directory,
                    const std::vector<std::string>& environment, int output_fd) {
  std::vector<char*> entries;
  for (const std::string& entry : environment) entries.push_back(const_cast<char*>(entry.c_str()));
  entries.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) become_program(script.c_str(), work_directory.c_str(), entries.data(), output_fd);
  return pid > 0 ? pid : -errno;
}

std::string exit_text(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return "was killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace sky::adapters::sandbox
