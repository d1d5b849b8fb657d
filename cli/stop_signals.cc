#include "cli/stop_signals.h"

#include <csignal>
#include <cstdlib>
#include <utility>

namespace sky::cli {
namespace {

constexpr int interrupted_status = 130;  // what a shell reports for SIGINT

}  // namespace

StopSignals::StopSignals(adapters::Reactor& reactor, std::function<void()> on_stop)
    : on_stop_(std::move(on_stop)) {
  listen(reactor, terminate_, SIGTERM);
  listen(reactor, interrupt_, SIGINT);
}

void StopSignals::listen(adapters::Reactor& reactor, adapters::UvHandle<uv_signal_t>& handle,
                         int number) {
  uv_signal_init(reactor.loop(), handle.get());
  handle->data = this;
  uv_signal_start(
      handle.get(),
      [](uv_signal_t* signal, int) {
        if (signal->data != nullptr) static_cast<StopSignals*>(signal->data)->received();
      },
      number);
}

void StopSignals::received() {
  if (std::exchange(was_received_, true)) std::_Exit(interrupted_status);
  on_stop_();
}

}  // namespace sky::cli
