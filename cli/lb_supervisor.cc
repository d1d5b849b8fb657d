#include "cli/lb_supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace sky::cli {
namespace {

// A dead balancer is noticed by its broken connection; this is the net below that.
constexpr core::Duration watch_every = core::milliseconds(500);
// An endpoint that cannot start must not take a core: wait between tries, doubling. One that did
// start and soon ended is tried again after the first wait.
constexpr core::Duration backoff_first = core::milliseconds(50);
constexpr core::Duration backoff_last = core::seconds(5);
constexpr std::uint64_t lived_well_ms = 1000;  // one that ran that long did not fail to start

// The pid of the process that holds the lock, or 0.
pid_t lock_holder(const Home& home) {
  const int file = ::open(home.balancer_lock().c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return 0;
  pid_t holder = 0;
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    char text[32] = {};
    if (::pread(file, text, sizeof(text) - 1, 0) > 0) holder = static_cast<pid_t>(std::atol(text));
    if (holder <= 0) holder = -1;  // held, and the pid is being written
  }
  ::close(file);
  return holder;
}

}  // namespace

LbSupervisor::LbSupervisor(adapters::Reactor& reactor, Home home, std::string bind_host)
    : reactor_(reactor),
      home_(std::move(home)),
      bind_host_(std::move(bind_host)),
      backoff_(backoff_first),
      watch_(reactor),
      retry_(reactor) {}

LbSupervisor::~LbSupervisor() = default;

void LbSupervisor::set_needed(bool needed) {
  if (needed == needed_) return;
  needed_ = needed;
  if (needed) {
    watch_.start_repeating(watch_every, [this] { check(); });
    check();
  } else {
    watch_.stop();
    retry_.stop();
  }
}

void LbSupervisor::note_connected() { has_connected_ = true; }

void LbSupervisor::check() {
  if (!needed_ || retry_.is_active() || process_ != nullptr) return;
  if (lock_holder(home_) == 0) start_process();
}

void LbSupervisor::stop_process() {
  if (const pid_t holder = lock_holder(home_); holder > 0) ::kill(holder, SIGTERM);
}

void LbSupervisor::start_process() {
  const std::string output = home_.balancer_output();
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::string name = "skyctl", command = "lb", flag = "--bind", host = bind_host_;
  char* arguments[] = {name.data(), command.data(), flag.data(), host.data(), nullptr};
  uv_stdio_container_t stdio[3] = {};
  stdio[0].flags = UV_IGNORE;
  stdio[1].flags = stdio[2].flags = file >= 0 ? UV_INHERIT_FD : UV_IGNORE;
  stdio[1].data.fd = stdio[2].data.fd = file;
  uv_process_options_t options{};
  options.file = "/proc/self/exe";
  options.args = arguments;
  options.flags = UV_PROCESS_DETACHED;
  options.stdio = stdio;
  options.stdio_count = 3;
  options.exit_cb = [](uv_process_t* process, std::int64_t, int) {
    if (process->data != nullptr) static_cast<LbSupervisor*>(process->data)->on_exit();
  };

  process_ = std::make_unique<adapters::UvHandle<uv_process_t>>();
  started_ms_ = uv_now(reactor_.loop());
  has_connected_ = false;
  const int failed = uv_spawn(reactor_.loop(), process_->get(), &options);
  process_->get()->data = this;
  if (file >= 0) ::close(file);
  if (failed == 0) return;
  std::cerr << "skyctl daemon: cannot start the endpoint process: " << uv_strerror(failed) << '\n';
  on_exit();
}

void LbSupervisor::on_exit() {
  process_.reset();
  const bool lived_well = uv_now(reactor_.loop()) - started_ms_ >= lived_well_ms;
  backoff_ = lived_well || has_connected_ ? backoff_first : std::min(backoff_ * 2, backoff_last);
  if (!needed_) return;
  if (lived_well) return check();
  retry_.start(backoff_, [this] { check(); });
}

}  // namespace sky::cli
