#include "cli/load.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <iostream>

#include "adapters/reactor.h"
#include "cli/load_generator.h"
#include "cli/stop_signals.h"

namespace sky::cli {
namespace {

void print_progress(const LoadGenerator& generator) {
  const LoadReport& report = generator.report();
  std::cerr << fmt::format("\r\033[K{} s: sent {}, ok {}, failed {}, in flight {}",
                           core::whole_seconds(generator.elapsed()), report.sent(), report.ok(),
                           report.failed(), generator.in_flight())
            << std::flush;
}

}  // namespace

core::Result<void> validate(const LoadOptions& options) {
  const auto wrong = [](const std::string& text) {
    return core::Error{core::ErrorCode::usage, text};
  };
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://"))
    return wrong("the url must begin with http:// or https://: " + options.url);
  if (!std::isfinite(options.qps) || options.qps <= 0 || options.qps > max_load_qps)
    return wrong(fmt::format("--qps must be above 0 and at most {:.0f}", max_load_qps));
  if (options.duration.count() <= 0 || options.duration > max_load_duration)
    return wrong("--duration must be above 0 and at most 24 hours");
  if (options.qps * static_cast<double>(options.duration.count()) / 1e6 > max_load_requests)
    return wrong(
        fmt::format("--qps times --duration must be at most {:.0f} requests", max_load_requests));
  if (options.timeout.count() <= 0) return wrong("--timeout must be above 0");
  if (options.max_in_flight == 0) return wrong("--max-in-flight must be above 0");
  return {};
}

int run_load(const LoadOptions& options) {
  if (auto valid = validate(options); !valid) {
    std::cerr << "skyctl load: " << valid.error().text << '\n';
    return 2;
  }
  const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
  adapters::Reactor reactor;
  LoadGenerator generator(reactor, options, [&] { reactor.stop(); });
  const StopSignals signals(reactor, [&] { generator.stop(); });
  adapters::Timer progress(reactor);
  if (shows_progress)
    progress.start_repeating(core::seconds(1), [&] { print_progress(generator); });
  generator.start();
  reactor.run();

  if (shows_progress) std::cerr << "\r\033[K" << std::flush;
  const LoadReport& report = generator.report();
  std::cout << (options.is_json ? report.as_json(options) : report.as_text(options)) << std::flush;
  return report.all_went_well() || options.allows_failures ? 0 : 1;
}

}  // namespace sky::cli
