// skyctl lb: the endpoint process. The daemon starts it; it outlives the daemon.

#include <string>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/home.h"
#include "lb/main_loop.h"

namespace sky::cli {
namespace {

int run_lb(const std::string& bind_host, std::uint32_t loops) {
  const auto home = make_home();
  if (!home) return fail(home.error());
  const auto config = read_config(*home);
  if (!config) return fail(config.error());
  lb::BalancerOptions options;
  options.bind_host = bind_host;
  options.loops = loops != 0 ? loops : config->endpoint_loops.value_or(lb::usual_loops());
  return lb::run_balancer(home->root, options);
}

}  // namespace

void add_lb_command(CLI::App& app, Action& chosen) {
  auto bind_host = std::make_shared<std::string>("127.0.0.1");
  CLI::App* command = app.add_subcommand("lb", "The endpoint process; the daemon starts it");
  command->add_option("--bind", *bind_host, "Where endpoints listen")
      ->capture_default_str()
      ->check(CLI::ValidIPV4);
  auto loops = std::make_shared<std::uint32_t>(0);
  command
      ->add_option(
          "--loops", *loops,
          "Event loops, each on a thread (skyctl.endpoint.loops; else one a core, at most 4)")
      ->check(CLI::Range(std::uint32_t{1}, lb::max_loops));
  command->callback([bind_host, loops, &chosen] {
    chosen = [bind_host, loops] { return run_lb(*bind_host, *loops); };
  });
}

}  // namespace sky::cli
