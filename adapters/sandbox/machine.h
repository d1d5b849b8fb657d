// The daemon's view of one sandbox machine: watches its directory and its process, and tells it
// what to do. Holds nothing that is not in the directory; makes no decision. Loop thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/reactor.h"
#include "adapters/sandbox/machine_files.h"

namespace sky::adapters::sandbox {

enum class Fate : std::uint8_t {
  unstarted,  // ordered, and no process was ever seen
  provisioning,
  running,
  started,
  ended,  // setup or run ended; the machine is still held
  preempted,
  terminated,  // as it was asked to
  lost,  // its process is gone and left no word
};
bool is_held(Fate fate);  // the cloud still has it, whatever runs on it

class Machine {
 public:
  using OnNews = std::function<void()>;

  // Watches from now on; `on_news` is called on each change, never from inside a call. It may
  // destroy the machine.
  Machine(Reactor& reactor, std::filesystem::path directory, MachineOrder order, OnNews on_news);
  ~Machine();

  // The process that was started for it; the lock in the directory makes sure that there is one.
  void take_process(const ProcessIdentity& process);
  // Asks it to end. Twice is fine.
  void end();
  // For one that does not end: kills its process and all that it started.
  void kill();
  // It is taken at the deadline. The first notice counts.
  core::Result<void> give_notice(const MachineNotice& notice);

  // Reads the directory again.
  void look();

  const MachineOrder& order() const { return order_; }
  const std::filesystem::path& directory() const { return directory_; }
  Fate fate() const { return fate_; }
  std::uint16_t port() const { return state_.port; }  // 0: it never ran
  const std::string& text() const { return state_.text; }
  const std::optional<MachineNotice>& notice() const { return notice_; }
  bool is_asked_to_end() const;
  bool has_process() const;

 private:
  void watch_process();
  void stop_watching();
  Fate read_fate();
  void schedule_news();
  void look_again();
  void tell_news();

  Reactor& reactor_;
  std::filesystem::path directory_;
  MachineOrder order_;
  OnNews on_news_;
  MachineState state_;
  std::optional<MachineNotice> notice_;
  ProcessIdentity started_;  // the process we started, until it has said who it is
  Fate fate_ = Fate::unstarted;
  UvHandle<uv_fs_event_t> changes_;
  UvHandle<uv_poll_t> exit_;
  int exit_descriptor_ = -1;
  ProcessIdentity watched_;  // by that descriptor
  Timer news_;
  Timer poll_;  // only where the kernel has no watch left for us
};

}  // namespace sky::adapters::sandbox
