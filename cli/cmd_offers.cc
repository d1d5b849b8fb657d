// skyctl offers FILE: what a service may run on, and what that costs now; nothing is launched.

#include <iostream>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/offers.h"
#include "cli/print_plan.h"
#include "cli/service_options.h"

namespace sky::cli {
namespace {

struct OffersOptions {
  std::string file;
  bool sandbox = false;
  bool json = false;
};

int run_offers(const OffersOptions& options) {
  ServiceOptions service;
  service.file = options.file;
  service.sandbox.enabled = options.sandbox;
  const auto request = make_request(service, "offers");
  if (!request) return fail(request.error());
  const auto loaded = adapters::load_service(request->yaml, request->file_name, request->options);
  if (!loaded) return fail(loaded.error());
  const auto home = make_home();
  if (!home) return fail(home.error());
  if (!options.sandbox)  // it holds the credentials: only it can tell what there is
    if (auto running = ensure_daemon(*home); !running) return fail(running.error());
  const auto found = ask_offers(*home, options.sandbox);
  if (!found) return fail(found.error());
  auto fitting = offers_that_fit(loaded->spec, *found, options.file);
  if (!fitting) return fail(fitting.error());
  for (const std::string& problem : found->problems) std::cerr << "skyctl: " << problem << '\n';
  std::cout << (options.json ? to_json(OffersFound{*fitting, found->problems}) + '\n'
                             : offers_text(*fitting));
  return exit_done;
}

}  // namespace

void add_offers_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<OffersOptions>();
  CLI::App* command =
      app.add_subcommand("offers", "What a service may run on, and for how much; launches nothing");
  command->add_option("FILE", options->file, "The service file")->required();
  command->add_flag("--sandbox", options->sandbox, "Of the sandbox's clouds");
  command->add_flag("--json", options->json, "As JSON");
  command->callback([options, &chosen] { chosen = [options] { return run_offers(*options); }; });
}

}  // namespace sky::cli
