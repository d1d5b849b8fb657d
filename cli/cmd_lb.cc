// skyctl lb: the endpoint process. The daemon starts it; it outlives the daemon.

#include <string>

#include "cli/command.h"
#include "cli/home.h"
#include "lb/main_loop.h"

namespace sky::cli {
namespace {

int run_lb(const std::string& bind_host) {
  const auto home = make_home();
  if (!home) return fail(home.error());
  lb::BalancerOptions options;
  options.bind_host = bind_host;
  return lb::run_balancer(home->root, options);
}

}  // namespace

void add_lb_command(CLI::App& app, Action& chosen) {
  auto bind_host = std::make_shared<std::string>("127.0.0.1");
  CLI::App* command = app.add_subcommand("lb", "The endpoint process; the daemon starts it");
  command->add_option("--bind", *bind_host, "Where endpoints listen")
      ->capture_default_str()
      ->check(CLI::ValidIPV4);
  command->callback([bind_host, &chosen] { chosen = [bind_host] { return run_lb(*bind_host); }; });
}

}  // namespace sky::cli
