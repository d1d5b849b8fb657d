// skyctl down NAME: ends a service and waits until nothing of it is left.

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "adapters/json.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/daemon_process.h"

namespace sky::cli {
namespace {

constexpr auto poll_every = std::chrono::milliseconds(100);

struct DownOptions {
  std::string service;
  bool yes = false;
  bool in_background = false;
};

// Polls until the service is gone; says how many replicas are left whenever that changed.
int wait_until_gone(const Home& home, const std::string& service) {
  std::size_t told = SIZE_MAX;
  while (true) {
    const auto status = api_get(home, "/v1/status?format=json&service=" + query_value(service));
    if (!status && status.error().code == core::ErrorCode::not_found) break;
    if (!status) {
      if (auto revived = revive_daemon(home); !revived) return fail(revived.error());
      std::this_thread::sleep_for(poll_every);
      continue;
    }
    const auto document = adapters::parse_json(*status);
    if (!document) return fail(document.error());
    const std::size_t left = adapters::JsonView(*document).at("replicas").size();
    if (left != told) std::cout << "  " << left << " replica(s) left" << std::endl;
    told = left;
    std::this_thread::sleep_for(poll_every);
  }
  std::cout << "Service '" << service << "' is gone; nothing of it runs any more.\n";
  return exit_done;
}

int run_down(const DownOptions& options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  if (auto revived = revive_daemon(*home); !revived) return fail(revived.error());
  if (!options.yes) {
    const auto agreed = confirm("Terminating service(s) '" + options.service + "'. Proceed?");
    if (!agreed) return fail(agreed.error());
    if (!*agreed) return exit_failed;
  }
  adapters::JsonWriter body;
  body.begin_object().member("service", options.service).end_object();
  const auto answer =
      api_order(*home, "/v1/down", body.str(), [&] { return revive_daemon(*home); });
  if (!answer) return fail(answer.error());
  if (options.in_background) {
    std::cout << "Service '" << options.service << "' is being terminated.\n";
    return exit_done;
  }
  std::cout << "Terminating service '" << options.service << "':\n";
  return wait_until_gone(*home, options.service);
}

}  // namespace

void add_down_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<DownOptions>();
  CLI::App* command = app.add_subcommand("down", "End a service and everything it launched");
  command->add_option("NAME", options->service, "The service")->required();
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  command->add_flag("--async", options->in_background, "Do not wait until it is gone");
  command->callback([options, &chosen] { chosen = [options] { return run_down(*options); }; });
}

}  // namespace sky::cli
