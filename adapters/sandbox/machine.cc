#include "adapters/sandbox/machine.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "adapters/durable_file.h"
#include "adapters/sandbox/user_program.h"

namespace sky::adapters::sandbox {
namespace {

constexpr core::Duration look_again_after = core::milliseconds(100);
constexpr core::Duration look_every = core::milliseconds(250);

bool is_locked(const std::filesystem::path& directory) {
  const int fd = open(lock_file(directory).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool locked = flock(fd, LOCK_SH | LOCK_NB) != 0;
  close(fd);
  return locked;
}

Fate fate_of(MachinePhase phase) {
  switch (phase) {
    case MachinePhase::running: return Fate::running;
    case MachinePhase::started: return Fate::started;
    case MachinePhase::ended: return Fate::ended;
    case MachinePhase::preempted: return Fate::preempted;
    case MachinePhase::terminated: return Fate::terminated;
    case MachinePhase::unknown:
    case MachinePhase::provisioning: break;
  }
  return Fate::provisioning;
}

}  // namespace

bool is_held(Fate fate) {
  return fate != Fate::preempted && fate != Fate::terminated && fate != Fate::lost;
}

Machine::Machine(Reactor& reactor, std::filesystem::path directory, MachineOrder order,
                 OnNews on_news)
    : reactor_(reactor),
      directory_(std::move(directory)),
      order_(std::move(order)),
      on_news_(std::move(on_news)),
      news_(reactor),
      poll_(reactor) {
  uv_fs_event_init(reactor.loop(), changes_.get());
  changes_->data = this;
  const int failed = uv_fs_event_start(
      changes_.get(),
      [](uv_fs_event_t* event, const char*, int, int) {
        if (event->data != nullptr) static_cast<Machine*>(event->data)->schedule_news();
      },
      directory_.c_str(), 0);
  // The number of watches per user is limited; a machine that is not watched is looked at.
  if (failed != 0) poll_.start_repeating(look_every, [this] { schedule_news(); });
  look();
  schedule_news();
}

Machine::~Machine() { stop_watching(); }

// Several files change in one go: they are read once, on the next turn of the loop.
void Machine::schedule_news() {
  if (news_.is_active()) return;
  news_.start(core::Duration{0}, [this] { tell_news(); });
}

void Machine::look_again() {
  if (!news_.is_active()) news_.start(look_again_after, [this] { tell_news(); });
}

void Machine::tell_news() {
  look();
  const OnNews tell = on_news_;  // it may destroy us
  tell();
}

void Machine::look() {
  if (!notice_) {
    if (auto notice = read_notice(directory_)) notice_ = std::move(*notice);
  }
  fate_ = read_fate();
}

Fate Machine::read_fate() {
  if (!is_held(fate_)) return fate_;  // machines do not come back
  // Life before state: a machine writes its last word before it ends, never after.
  const bool was_started_here = started_.pid != 0;
  const bool was_alive = is_alive(state_.process) || (was_started_here && is_alive(started_));
  if (auto state = read_state(directory_)) state_ = std::move(*state);
  if (is_over(state_.phase)) return fate_of(state_.phase);
  if (state_.phase == MachinePhase::unknown) {
    if (was_alive || is_locked(directory_)) {
      watch_process();
      // Somebody holds the lock and has not said who: nothing tells when that one dies.
      if (exit_descriptor_ < 0) look_again();
      return Fate::provisioning;
    }
    return was_started_here ? Fate::lost : Fate::unstarted;
  }
  if (!was_alive && !is_alive(state_.process)) {
    // It may have said its last word since: only the file read after its end counts.
    if (auto state = read_state(directory_)) state_ = std::move(*state);
    if (is_over(state_.phase)) return fate_of(state_.phase);
    signal_marked_processes(machine_mark(directory_), SIGKILL);
    return Fate::lost;
  }
  watch_process();
  return fate_of(state_.phase);
}

// One that we started may not be the one that got the lock; then the other is watched when it has
// said who it is.
void Machine::watch_process() {
  const ProcessIdentity& process = state_.process.pid != 0 ? state_.process : started_;
  if (exit_descriptor_ >= 0 && watched_ == process) return;
  stop_watching();
  exit_descriptor_ = open_process(process);
  if (exit_descriptor_ < 0) return;
  watched_ = process;
  exit_ = UvHandle<uv_poll_t>();
  if (uv_poll_init(reactor_.loop(), exit_.get(), exit_descriptor_) != 0) {
    return poll_.start_repeating(look_every, [this] { schedule_news(); });
  }
  exit_->data = this;
  uv_poll_start(exit_.get(), UV_READABLE, [](uv_poll_t* poll, int, int) {
    if (poll->data == nullptr) return;
    uv_poll_stop(poll);
    static_cast<Machine*>(poll->data)->schedule_news();
  });
}

void Machine::stop_watching() {
  exit_.reset();
  if (exit_descriptor_ >= 0) close(exit_descriptor_);
  exit_descriptor_ = -1;
}

void Machine::take_process(const ProcessIdentity& process) {
  started_ = process;
  look();
  schedule_news();
}

bool Machine::has_process() const {
  return is_alive(state_.process) || (started_.pid != 0 && is_alive(started_));
}

bool Machine::is_asked_to_end() const {
  std::error_code ignored;
  return std::filesystem::exists(terminate_file(directory_), ignored);
}

void Machine::end() {
  (void)write_file_atomically(terminate_file(directory_), "");
  // The file is enough, unless the disk is full.
  signal_process(state_.process.pid != 0 ? state_.process : started_, SIGTERM);
  schedule_news();
}

void Machine::kill() {
  signal_process(state_.process.pid != 0 ? state_.process : started_, SIGKILL);
  signal_marked_processes(machine_mark(directory_), SIGKILL);
  schedule_news();
}

core::Result<void> Machine::give_notice(const MachineNotice& notice) {
  look();
  if (notice_) return {};
  auto written = write_notice(directory_, notice);
  schedule_news();
  return written;
}

}  // namespace sky::adapters::sandbox
