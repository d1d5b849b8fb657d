// skyctl status [NAME] [-v] [--json] [--watch]: the daemon's tables, or the log's when none runs.

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "adapters/clock.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/event_source.h"
#include "cli/print_status.h"

namespace sky::cli {
namespace {

constexpr auto watch_every = std::chrono::seconds(1);

struct StatusOptions {
  std::string service;
  bool verbose = false;
  bool json = false;
  bool watch = false;
  bool endpoint = false;
};

std::string query_of(const StatusOptions& options) {
  std::string query = std::string("/v1/status?format=") + (options.json ? "json" : "text");
  if (options.endpoint) query = "/v1/status?format=endpoint";
  if (options.verbose) query += "&verbose=1";
  if (output_is_terminal() && !options.json) query += "&color=1";
  if (!options.service.empty()) query += "&service=" + query_value(options.service);
  return query;
}

// No daemon and nothing that would need one: the same tables from the log on disk.
core::Result<std::string> status_from_log(const Home& home, const StatusOptions& options) {
  const auto model = fold_log(home);
  if (!model) return model.error();
  if (options.endpoint) return render_endpoint(*model, options.service);
  const StatusFormat format{.service = options.service,
                            .verbose = options.verbose,
                            .json = options.json,
                            .color = output_is_terminal() && !options.json};
  return render_status(*model, adapters::Clock(model->now).now(), format);
}

core::Result<std::string> read_status(const Home& home, const StatusOptions& options) {
  if (auto revived = revive_daemon(home); !revived) return revived.error();
  if (daemon_answers(home)) return api_get(home, query_of(options));
  return status_from_log(home, options);
}

int run_status(const StatusOptions& options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  while (true) {
    const auto text = read_status(*home, options);
    if (!text) return fail(text.error());
    if (options.watch) std::cout << "\x1b[H\x1b[2J";  // home, clear: repaint in place
    std::cout << *text << std::flush;
    if (!options.watch || !std::cout.good()) return exit_done;
    std::this_thread::sleep_for(watch_every);
  }
}

}  // namespace

void add_status_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command = app.add_subcommand("status", "Services and their replicas");
  command->add_option("NAME", options->service, "Only this service");
  command->add_flag("-v,--verbose", options->verbose, "Zones, prices, cost, QPS, target, reasons");
  command->add_flag("--json", options->json, "One JSON document");
  command->add_flag("--watch", options->watch, "Repaint every second");
  command->add_flag("--endpoint", options->endpoint, "Only the endpoint of the one service");
  command->callback([options, &chosen] { chosen = [options] { return run_status(*options); }; });
}

}  // namespace sky::cli
