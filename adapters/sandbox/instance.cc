#include "adapters/sandbox/instance.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "adapters/clock.h"
#include "adapters/durable_file.h"
#include "adapters/sandbox/bounded_log.h"
#include "adapters/sandbox/descendants.h"
#include "adapters/sandbox/machine_files.h"
#include "adapters/sandbox/port_lease.h"
#include "adapters/sandbox/user_program.h"

namespace sky::adapters::sandbox {
namespace {

using Steady = std::chrono::steady_clock;

// inotify tells; looked at anyway this often, should the kernel's queue ever overflow.
constexpr core::Duration look_again = core::seconds(1);
// Output is taken at 8 MiB/s at most: a replica that floods it waits in write(), and costs neither
// a core nor the disk. A guess, far above what a server logs.
constexpr auto output_window = std::chrono::milliseconds(125);
constexpr std::size_t output_per_window = std::size_t{1} << 20;
constexpr int last_save_attempts = 50;  // a full disk gets 5 s to hear the machine's last word

class Instance {
 public:
  Instance(std::filesystem::path directory, MachineOrder order)
      : directory_(std::move(directory)), order_(std::move(order)), log_(order_.log) {}

  void run() {
    prepare();
    set_phase(MachinePhase::provisioning);
    while (!is_over(state_.phase)) {
      obey();
      if (!is_over(state_.phase)) advance();
      if (!is_over(state_.phase)) wait();
    }
    for (int i = 0; i < last_save_attempts && is_unsaved_; ++i) {
      usleep(100'000);
      save_state();
    }
  }

 private:
  void prepare() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGPIPE, SIG_IGN);
    sigset_t handled;
    sigemptyset(&handled);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&handled, number);
    sigprocmask(SIG_BLOCK, &handled, nullptr);
    signals_ = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
    changes_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    inotify_add_watch(changes_, directory_.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE);
    // Both ends stay open here: the pipe never ends, however many programs come and go.
    int output[2] = {-1, -1};
    if (pipe2(output, O_CLOEXEC) == 0) fcntl(output[0], F_SETFL, O_NONBLOCK);
    output_ = output[0];
    program_output_ = output[1];
    secrets_ = take_secrets(directory_);
    state_.process = identify_process(getpid()).value_or(ProcessIdentity{});
    (void)make_private_directory(directory_ / "work");
  }

  void set_phase(MachinePhase phase) {
    state_.phase = phase;
    save_state();
  }
  void save_state() { is_unsaved_ = !write_state(directory_, state_).has_value(); }

  // What the cloud wants: an end now, or at a deadline.
  void obey() {
    if (is_unsaved_) save_state();
    std::error_code error;  // of a disk that fails: no reason to end anything
    const bool has_order = std::filesystem::exists(order_file(directory_), error) || error;
    if (!has_order || is_told_to_end_ ||
        std::filesystem::exists(terminate_file(directory_), error)) {
      end_programs(order_.grace);
      return set_phase(MachinePhase::terminated);
    }
    if (!deadline_) {
      if (const auto notice = read_notice(directory_)) deadline_ = notice->deadline;
    }
    if (deadline_ && wall_now() >= *deadline_) {
      end_programs(core::Duration{0});
      log_.append("skyctl: the cloud took the machine\n");
      set_phase(MachinePhase::preempted);
    }
  }

  void advance() {
    if (state_.phase == MachinePhase::provisioning) return provision();
    if (!exit_status_) return;
    const int status = *std::exchange(exit_status_, std::nullopt);
    const bool was_setup = state_.phase == MachinePhase::running;
    if (was_setup && status == 0) return start_server();
    user_code_ended(was_setup ? "setup" : "run", exit_text(status));
  }

  void provision() {
    if (wall_now() < order_.ordered_at + order_.provisioning) return;
    auto lease = PortLease::take(order_.token);
    if (!lease) return user_code_ended("the machine", "found no free port");
    state_.port = lease->port();
    port_.emplace(std::move(*lease));
    set_phase(MachinePhase::running);
    if (order_.setup.empty()) return start_server();
    start("setup", order_.setup);
  }

  void start_server() {
    set_phase(MachinePhase::started);
    start("run", order_.run);
  }

  void start(const std::string& name, const std::string& commands) {
    const auto script = directory_ / (name + ".sh");
    const auto text = with_own_port(commands, order_.service_port, state_.port);
    if (const auto written = write_file_atomically(script, text); !written) {
      return user_code_ended(name, "could not start: " + written.error().text);
    }
    const auto work =
        order_.workdir.empty() ? directory_ / "work" : std::filesystem::path(order_.workdir);
    const auto environment = program_environment(order_, secrets_, directory_, state_.port);
    program_ = start_program(script, work, environment, program_output_);
    if (program_ > 0) return descendants_.add_group(program_);
    user_code_ended(name, system_error("could not start", -program_).text);
  }

  // The machine is still held; nothing runs on it any more.
  void user_code_ended(const std::string& what, const std::string& how) {
    end_programs(order_.grace);
    const std::string lines = log_.last_lines();
    state_.text = what + " " + how + (lines.empty() ? "" : "; its last output:\n" + lines);
    log_.append("skyctl: " + what + " " + how + "\n");
    set_phase(MachinePhase::ended);
  }

  void end_programs(core::Duration grace) {
    descendants_.end_all(grace, on_exit(), [this] { take_output(); });
    take_output();  // what they said last; a pipe holds less than a window
  }

  Descendants::OnExit on_exit() {
    return [this](pid_t pid, int status) {
      if (pid == program_) exit_status_ = status;
    };
  }

  // Returns how much there was, at most output_per_window.
  std::size_t take_output() {
    std::size_t taken = 0;
    char piece[65536];
    while (taken < output_per_window) {
      const ssize_t size = read(output_, piece, sizeof(piece));
      if (size <= 0) break;
      log_.append({piece, static_cast<std::size_t>(size)});
      taken += static_cast<std::size_t>(size);
    }
    return std::min(taken, output_per_window);
  }

  void wait() {
    core::Duration left = look_again;
    if (deadline_) left = std::min(left, *deadline_ - wall_now());
    if (state_.phase == MachinePhase::provisioning) {
      left = std::min(left, order_.ordered_at + order_.provisioning - wall_now());
    }
    const auto now = Steady::now();
    const bool is_throttled = now < throttled_until_;
    if (is_throttled) {
      left = std::min(left, std::chrono::duration_cast<core::Duration>(throttled_until_ - now));
    }
    const auto left_ms = std::max<std::int64_t>(0, (left.count() + 999) / 1000);
    pollfd sources[] = {
        {signals_, POLLIN, 0}, {changes_, POLLIN, 0}, {is_throttled ? -1 : output_, POLLIN, 0}};
    poll(sources, std::size(sources), static_cast<int>(left_ms));
    char ignored[4096];
    while (read(changes_, ignored, sizeof(ignored)) > 0) {
    }
    signalfd_siginfo info{};
    while (read(signals_, &info, sizeof(info)) == sizeof(info)) {
      if (info.ssi_signo != SIGCHLD) is_told_to_end_ = true;
    }
    if (!is_throttled && take_output() == output_per_window) throttled_until_ = now + output_window;
    descendants_.reap(on_exit());
  }

  std::filesystem::path directory_;
  MachineOrder order_;
  BoundedLog log_;
  Secrets secrets_;
  MachineState state_;
  Descendants descendants_;
  std::optional<PortLease> port_;
  std::optional<core::WallTime> deadline_;
  std::optional<int> exit_status_;  // of the program, once it has ended
  Steady::time_point throttled_until_;
  pid_t program_ = 0;
  bool is_unsaved_ = false;
  bool is_told_to_end_ = false;
  // Open until the process ends.
  int signals_ = -1;
  int changes_ = -1;
  int output_ = -1;
  int program_output_ = -1;
};

}  // namespace

int run_instance(const std::filesystem::path& directory) {
  umask(077);
  const int lock = open(lock_file(directory).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return 1;
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) return 3;
  auto order = read_order(directory);
  if (!order) return 1;
  // A state from before: this machine has lived already. Machines do not come back.
  if (read_state(directory)) return 3;
  Instance(directory, std::move(*order)).run();
  return 0;
}

}  // namespace sky::adapters::sandbox
