// Keeps one endpoint process alive. It is detached: it outlives this daemon, and the next daemon
// finds it by the lock it holds. A dead one is replaced at once.
//
// Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/reactor.h"
#include "cli/home.h"

namespace sky::cli {

class LbSupervisor {
 public:
  // `bind_host` is where endpoints listen.
  LbSupervisor(adapters::Reactor& reactor, Home home, std::string bind_host);
  ~LbSupervisor();

  // Whether one is needed now. Starts it, or lets a running one be.
  void set_needed(bool needed);
  // One said hello: it did start, so the next that ends is replaced without a wait.
  void note_connected();
  // Its connection broke: look at once.
  void check();
  // Ends the running one, by the pid in its lock.
  void stop_process();

 private:
  void start_process();
  void on_exit();

  adapters::Reactor& reactor_;
  Home home_;
  std::string bind_host_;
  bool needed_ = false;
  core::Duration backoff_;
  std::unique_ptr<adapters::UvHandle<uv_process_t>> process_;
  std::uint64_t started_ms_ = 0;
  bool has_connected_ = false;  // since the last start
  adapters::Timer watch_;
  adapters::Timer retry_;
};

}  // namespace sky::cli
