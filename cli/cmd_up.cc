// skyctl up FILE [-n NAME] [-y] [--sandbox]: the plan, its price, a question, and the launch.

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include "adapters/json.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/offers.h"
#include "cli/print_plan.h"
#include "cli/sandbox_market.h"
#include "cli/service_options.h"

namespace sky::cli {
namespace {

constexpr auto endpoint_patience = std::chrono::seconds(15);
constexpr auto poll_every = std::chrono::milliseconds(20);

struct UpOptions {
  ServiceOptions service;
  std::string name;
  std::string market;
  double sandbox_speed = 1.0;
};

// SkyServe's own scheme: "sky-service-" and four hexadecimal digits.
std::string made_up_name() {
  static constexpr char digits[] = "0123456789abcdef";
  std::random_device random;
  std::string name = "sky-service-";
  for (int i = 0; i < 4; ++i) name += digits[random() & 15];
  return name;
}

// The market belongs to the home and is read when the daemon starts.
core::Result<void> choose_market(const Home& home, const UpOptions& options) {
  if (options.market.empty()) return {};
  MarketChoice choice;
  choice.kind = options.market;
  choice.speed_percent = options.service.sandbox.speed_percent;
  if (choice.kind.starts_with("trace:"))
    choice.kind = "trace:" + std::filesystem::absolute(choice.kind.substr(6)).string();
  if (auto opened = open_market(choice, {}); !opened) return opened.error();
  const auto stored = stored_market(home);
  if (!stored) return stored.error();
  if (*stored == choice) return {};
  if (daemon_answers(home))
    return core::Error{core::ErrorCode::conflict,
                       "the running daemon's sandbox follows another market (" + stored->kind +
                           "); `skyctl daemon stop` first, then repeat this"};
  return store_market(home, choice);
}

// "127.0.0.1:30001" when the endpoint is open.
core::Result<std::string> wait_for_endpoint(const Home& home, const std::string& service) {
  const auto give_up = std::chrono::steady_clock::now() + endpoint_patience;
  core::Error last{core::ErrorCode::unavailable, "the endpoint did not open"};
  while (std::chrono::steady_clock::now() < give_up) {
    auto endpoint = api_get(home, "/v1/status?format=endpoint&service=" + query_value(service));
    if (endpoint) {
      while (!endpoint->empty() && endpoint->back() == '\n') endpoint->pop_back();
      return endpoint;
    }
    last = endpoint.error();
    if (last.code == core::ErrorCode::unavailable)
      if (auto revived = revive_daemon(home); !revived) return revived.error();
    std::this_thread::sleep_for(poll_every);
  }
  return core::Error{last.code,
                     last.text + "; see `skyctl status` and `skyctl events " + service + "`"};
}

void print_next_commands(const std::string& name, const std::string& endpoint) {
  std::cout << "\nService name: " << name << "\nEndpoint URL: http://" << endpoint
            << "\n\nNext:\n  skyctl status " << name << " --watch\n  skyctl events " << name
            << " --follow\n  curl -L http://" << endpoint << "/v1/models\n  skyctl load " << name
            << " --qps 4 --duration 60s\n  skyctl why " << name << "\n  skyctl down " << name
            << '\n';
}

core::Result<bool> show_and_ask(const Home& home, const adapters::LoadedService& loaded,
                                const UpOptions& options) {
  const core::ServiceSpec& spec = loaded.spec;
  std::cout << service_spec_text(spec, options.service.file) << '\n';
  const auto found = ask_offers(home, spec.sandbox.enabled);
  if (!found) return found.error();
  const auto offers = offers_that_fit(spec, *found, options.service.file);
  if (!offers) return offers.error();
  std::cout << plan_text(spec, *offers) << '\n';
  if (options.service.yes) return true;
  return confirm("Launching a new service '" + spec.name + "'. Proceed?");
}

int run_up(UpOptions options) {
  options.service.sandbox.speed_percent =
      static_cast<std::uint32_t>(std::lround(options.sandbox_speed * 100.0));
  const std::string name = options.name.empty() ? made_up_name() : options.name;
  const auto request = make_request(options.service, name);
  if (!request) return fail(request.error());
  const auto loaded = adapters::load_service(request->yaml, request->file_name, request->options);
  if (!loaded) return fail(loaded.error());
  const auto home = make_home();
  if (!home) return fail(home.error());
  if (!loaded->spec.sandbox.enabled)  // it holds the credentials: only it can tell what there is
    if (auto running = ensure_daemon(*home); !running) return fail(running.error());
  const auto agreed = show_and_ask(*home, *loaded, options);
  if (!agreed) return fail(agreed.error());
  if (!*agreed) return exit_failed;

  if (auto chosen = choose_market(*home, options); !chosen) return fail(chosen.error());
  if (auto running = ensure_daemon(*home); !running) return fail(running.error());
  const auto answer =
      api_order(*home, "/v1/up", to_json(*request), [&] { return ensure_daemon(*home); });
  if (!answer) return fail(answer.error());
  const auto endpoint = wait_for_endpoint(*home, name);
  if (!endpoint) return fail(endpoint.error());
  print_next_commands(name, *endpoint);
  return exit_done;
}

}  // namespace

void add_up_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<UpOptions>();
  CLI::App* command = app.add_subcommand("up", "Launch a service from a service file");
  command->add_option("FILE", options->service.file, "The service file")->required();
  command->add_option("-n,--service-name", options->name, "Its name; made up when left out");
  add_service_options(*command, options->service);
  command->add_flag("--sandbox", options->service.sandbox.enabled,
                    "No real cloud: machines are processes here");
  command
      ->add_option("--sandbox-speed", options->sandbox_speed,
                   "How many times as fast the sandbox's clouds are")
      ->check(CLI::Range(0.01, 1000.0))
      ->capture_default_str();
  command->add_option("--sandbox-market", options->market,
                      "Spot capacity in the sandbox: calm, seed:NUMBER, or trace:FILE");
  command->callback([options, &chosen] { chosen = [options] { return run_up(*options); }; });
}

}  // namespace sky::cli
