#include "adapters/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

#include "adapters/durable_file.h"

namespace sky::adapters {
namespace {

std::string boot_id() {
  auto id = read_file("/proc/sys/kernel/random/boot_id");
  if (!id) return {};
  while (!id->empty() && std::isspace(static_cast<unsigned char>(id->back())) != 0) id->pop_back();
  return *id;
}

struct ProcessStat {
  char state = '?';
  std::uint64_t start_ticks = 0;
};

std::optional<ProcessStat> read_stat(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return std::nullopt;
  const std::size_t name_end = text->rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text->substr(name_end + 1));
  ProcessStat result;
  std::string skipped;
  fields >> result.state;
  for (int field = 4; field < 22; ++field) fields >> skipped;  // proc(5): starttime is field 22
  fields >> result.start_ticks;
  if (!fields) return std::nullopt;
  return result;
}

// By number: the header of glibc 2.36 declares these two without C linkage.
int pidfd_open(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
bool pidfd_signal(int descriptor, int signal) {
  return syscall(SYS_pidfd_send_signal, descriptor, signal, nullptr, 0) == 0;
}

bool has_ended(int descriptor) {
  pollfd waiting{descriptor, POLLIN, 0};
  return poll(&waiting, 1, 0) > 0;
}

// Between fork and exec only calls that are safe in a signal handler.
[[noreturn]] void become(const char* program, char* const* arguments, int report) {
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) dup2(null, fd);
  dup2(report, 3);
  close_range(4, ~0U, 0);
  fcntl(3, F_SETFD, FD_CLOEXEC);
  const pid_t self = getpid();
  if (write(3, &self, sizeof(self)) == sizeof(self)) execv(program, arguments);
  const int error = errno;
  (void)!write(3, &error, sizeof(error));
  _exit(127);
}

bool is_environment_of(std::string_view environment, std::string_view name_value) {
  while (!environment.empty()) {
    const std::size_t end = std::min(environment.find('\0'), environment.size());
    if (environment.substr(0, end) == name_value) return true;
    environment.remove_prefix(std::min(end + 1, environment.size()));
  }
  return false;
}

}  // namespace

std::optional<ProcessIdentity> identify_process(pid_t pid) {
  const auto status = read_stat(pid);
  if (!status || status->state == 'Z' || status->state == 'X') return std::nullopt;
  return ProcessIdentity{pid, status->start_ticks, boot_id()};
}

bool is_alive(const ProcessIdentity& process) {
  return process.pid > 0 && identify_process(process.pid) == process;
}

int open_process(const ProcessIdentity& process) {
  const int descriptor = pidfd_open(process.pid);
  if (descriptor < 0) return -1;
  // Checked after opening: from here on the descriptor cannot come to mean another process.
  if (!is_alive(process)) {
    close(descriptor);
    return -1;
  }
  return descriptor;
}

bool signal_process(const ProcessIdentity& process, int signal) {
  const int descriptor = open_process(process);
  if (descriptor < 0) return false;
  const bool sent = !has_ended(descriptor) && pidfd_signal(descriptor, signal);
  close(descriptor);
  return sent;
}

core::Result<ProcessIdentity> spawn_detached(const std::filesystem::path& program,
                                             const std::vector<std::string>& arguments) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int report[2];
  const std::string what = "cannot start " + program.string();
  if (pipe2(report, O_CLOEXEC) != 0) return system_error(what, errno);
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    // A grandchild belongs to nobody here: it never becomes a zombie of ours.
    if (fork() != 0) _exit(0);
    become(program.c_str(), argv.data(), report[1]);
  }
  const int fork_error = errno;
  close(report[1]);
  if (child < 0) {
    close(report[0]);
    return system_error(what, fork_error);
  }
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_t pid = 0;
  int exec_error = 0;
  const bool has_pid = read(report[0], &pid, sizeof(pid)) == sizeof(pid);
  const bool has_failed = read(report[0], &exec_error, sizeof(exec_error)) == sizeof(exec_error);
  close(report[0]);
  if (!has_pid) return system_error(what, EAGAIN);
  if (has_failed) return system_error(what, exec_error);
  // It may have ended already; then the identity has no start time and is never alive.
  return identify_process(pid).value_or(ProcessIdentity{pid, 0, ""});
}

std::size_t signal_marked_processes(std::string_view name_value, int signal) {
  std::size_t count = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || end != name.data() + name.size() || pid == getpid()) continue;
    const auto before = identify_process(pid);
    const auto environment = read_file(entry.path() / "environ");
    if (!before || !environment || !is_environment_of(*environment, name_value)) continue;
    if (signal_process(*before, signal)) ++count;
  }
  return count;
}

}  // namespace sky::adapters
