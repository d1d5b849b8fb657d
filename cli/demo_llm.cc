#include "cli/demo_llm.h"

#include <iostream>
#include <optional>

#include "adapters/reactor.h"
#include "cli/demo_llm_server.h"
#include "cli/stop_signals.h"

namespace sky::cli {
namespace {

constexpr core::Duration drain_look = core::milliseconds(10);

}  // namespace

int run_demo_llm(const DemoLlmOptions& options) {
  adapters::Reactor reactor;
  DemoLlmServer server(reactor, options);
  adapters::Timer timer(reactor);  // of the startup delay, then of the drain
  bool is_serving = false;
  int status = 0;

  const auto serve = [&] {
    if (auto listening = server.listen(); !listening) {
      std::cerr << "skyctl demo-llm: " << listening.error().text << '\n';
      status = 1;
      return reactor.stop();
    }
    is_serving = true;
    std::cout << "skyctl demo-llm: serving "
              << (options.model.empty() ? "any model" : options.model) << " on http://"
              << options.host << ':' << server.port() << " (a stand-in, not a language model)"
              << std::endl;
  };
  const StopSignals signals(reactor, [&] {
    if (!is_serving) return reactor.stop();
    std::cout << "skyctl demo-llm: finishing" << std::endl;
    server.drain();
    timer.start_repeating(drain_look, [&] {
      if (server.is_idle()) reactor.stop();
    });
  });
  if (options.startup_delay.count() > 0) {
    std::cout << "skyctl demo-llm: loading" << std::endl;
    timer.start(options.startup_delay, serve);
  } else {
    serve();
  }
  if (status == 0) reactor.run();
  return status;
}

}  // namespace sky::cli
