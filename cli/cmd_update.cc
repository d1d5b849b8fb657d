// skyctl update NAME FILE [--mode rolling|blue_green]: a new version beside the old one.

#include <iostream>
#include <string>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/event_source.h"
#include "cli/offers.h"
#include "cli/print_plan.h"
#include "cli/service_options.h"

namespace sky::cli {
namespace {

struct UpdateOptions {
  ServiceOptions service;
  std::string name;
  std::string mode = "rolling";
};

// Where it runs does not change with a version.
core::Result<core::Sandbox> sandbox_of(const Home& home, const std::string& name) {
  const auto model = fold_log(home);
  if (!model) return model.error();
  const auto found = model->services.find(name);
  if (found == model->services.end())
    return core::Error{
        core::ErrorCode::not_found,
        "no service '" + name + "' is up; `skyctl up FILE -n " + name + "` launches it"};
  return found->second.spec().sandbox;
}

int run_update(UpdateOptions options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  if (auto revived = revive_daemon(*home); !revived) return fail(revived.error());
  const auto sandbox = sandbox_of(*home, options.name);
  if (!sandbox) return fail(sandbox.error());
  options.service.sandbox = *sandbox;
  auto request = make_request(options.service, options.name);
  if (!request) return fail(request.error());
  if (options.mode == "blue_green") request->mode = core::UpdateMode::blue_green;
  const auto loaded = adapters::load_service(request->yaml, request->file_name, request->options);
  if (!loaded) return fail(loaded.error());

  const auto found = ask_offers(*home, sandbox->enabled);
  if (!found) return fail(found.error());
  std::cout << service_spec_text(loaded->spec, options.service.file) << '\n';
  const auto offers = offers_that_fit(loaded->spec, *found, options.service.file);
  if (!offers) return fail(offers.error());
  std::cout << plan_text(loaded->spec, *offers) << '\n';
  if (!options.service.yes) {
    const auto agreed = confirm("Updating service '" + options.name + "'. Proceed?");
    if (!agreed) return fail(agreed.error());
    if (!*agreed) return exit_failed;
  }
  const auto answer =
      api_order(*home, "/v1/update", to_json(*request), [&] { return revive_daemon(*home); });
  if (!answer) return fail(answer.error());
  std::cout << "Service '" << options.name << "' is being updated (" << options.mode
            << "); watch it: skyctl status " << options.name << " --watch\n";
  return exit_done;
}

}  // namespace

void add_update_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<UpdateOptions>();
  CLI::App* command = app.add_subcommand("update", "Bring a service to a new version");
  command->add_option("NAME", options->name, "The service")->required();
  command->add_option("FILE", options->service.file, "The service file")->required();
  command->add_option("--mode", options->mode, "rolling, or blue_green")
      ->check(CLI::IsMember({"rolling", "blue_green"}))
      ->capture_default_str();
  add_service_options(*command, options->service);
  command->callback([options, &chosen] { chosen = [options] { return run_update(*options); }; });
}

}  // namespace sky::cli
