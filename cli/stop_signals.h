// SIGTERM and SIGINT as calls on the loop: how a long-running command is asked to end.
//
// The first signal calls `on_stop` once; a second one ends the process at once, with status 130,
// so that nobody needs kill -9. Loop thread; destroy before the reactor.
#pragma once

#include <functional>

#include "adapters/reactor.h"

namespace sky::cli {

class StopSignals {
 public:
  StopSignals(adapters::Reactor& reactor, std::function<void()> on_stop);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  void listen(adapters::Reactor& reactor, adapters::UvHandle<uv_signal_t>& handle, int number);
  void received();

  std::function<void()> on_stop_;
  bool was_received_ = false;
  adapters::UvHandle<uv_signal_t> terminate_;
  adapters::UvHandle<uv_signal_t> interrupt_;
};

}  // namespace sky::cli
