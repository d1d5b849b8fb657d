// skyctl daemon [--bind ADDRESS]: the control plane in the foreground, for service managers.
// skyctl daemon stop: ends the running one.
// skyctl daemon manifest: the control plane as objects of a Kubernetes cluster.

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

#include "adapters/durable_file.h"
#include "adapters/json.h"
#include "adapters/process.h"
#include "cli/api_client.h"
#include "cli/bind_host.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/daemon.h"
#include "cli/daemon_manifest.h"
#include "cli/daemon_process.h"

namespace sky::cli {
namespace {

constexpr auto stop_patience = std::chrono::seconds(10);
constexpr auto poll_every = std::chrono::milliseconds(20);

// "Stopped" is said when the process is gone: only then is its log free for the next one.
std::optional<adapters::ProcessIdentity> running_daemon(const Home& home) {
  const auto answer = api_get(home, "/v1/health");
  if (!answer) return std::nullopt;
  const auto document = adapters::parse_json(*answer);
  if (!document) return std::nullopt;
  const std::int64_t pid = adapters::JsonView(*document).at("pid").integer_or(0);
  return pid > 0 ? adapters::identify_process(static_cast<pid_t>(pid)) : std::nullopt;
}

int stop_daemon() {
  const auto home = find_home();
  if (!home) return fail(home.error());
  if (!daemon_answers(*home)) {
    std::cout << "No daemon runs in " << home->root.string() << ".\n";
    return exit_done;
  }
  const auto daemon = running_daemon(*home);
  const auto answer = api_post(*home, "/v1/stop", "{}");
  if (!answer) return fail(answer.error());
  const auto give_up = std::chrono::steady_clock::now() + stop_patience;
  while (daemon_answers(*home) || (daemon && adapters::is_alive(*daemon))) {
    if (std::chrono::steady_clock::now() > give_up)
      return fail({core::ErrorCode::unavailable, "the daemon was asked to stop and still runs"});
    std::this_thread::sleep_for(poll_every);
  }
  const auto document = adapters::parse_json(*answer);
  const std::int64_t live =
      document ? adapters::JsonView(*document).at("live_services").integer_or(0) : 0;
  std::cout << "The daemon has stopped.\n";
  if (live > 0)
    std::cout << live << " service(s) go on serving without it; nothing is scaled or healed until "
              << "a command starts it again (`skyctl status`).\n";
  return exit_done;
}

int run_in_foreground(const std::string& bind_host) {
  const auto home = make_home();
  if (!home) return fail(home.error());
  if (!bind_host.empty())
    if (auto stored = store_bind_host(*home, bind_host); !stored) return fail(stored.error());
  const auto config = read_config(*home);
  if (!config) return fail(config.error());
  return run_daemon(*home, {.bind_host = stored_bind_host(*home), .config = *config});
}

constexpr std::size_t longest_config = std::size_t{1} << 20;

// With the config.yaml of this home, which has to be right: a pod that cannot start says so late.
int print_manifest(ManifestOptions options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  if (const auto config = read_config(*home); !config) return fail(config.error());
  if (const auto text = adapters::read_file(home->config(), longest_config); text)
    options.config = *text;
  std::cout << daemon_manifest(options);
  return exit_done;
}

void add_manifest_command(CLI::App& daemon, Action& chosen) {
  auto options = std::make_shared<ManifestOptions>();
  CLI::App* command =
      daemon.add_subcommand("manifest", "The control plane as objects of a Kubernetes cluster");
  command->add_option("--image", options->image, "Its image, made with scripts/Dockerfile")
      ->required();
  command->add_option("--namespace", options->name_space, "Where it and its replicas live")
      ->capture_default_str();
  command->add_option("--storage", options->storage, "Size of the volume for the log")
      ->capture_default_str();
  command->add_option("--service-type", options->service_type, "How its endpoints are reached")
      ->check(CLI::IsMember({"LoadBalancer", "NodePort", "ClusterIP"}))
      ->capture_default_str();
  command->add_option("--endpoints", options->endpoints, "Ports for that many services")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->callback(
      [options, &chosen] { chosen = [options] { return print_manifest(*options); }; });
}

}  // namespace

void add_daemon_command(CLI::App& app, Action& chosen) {
  auto bind_host = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("daemon", "The control plane, in the foreground");
  command
      ->add_option("--bind", *bind_host,
                   "Where endpoints listen; remembered for later starts (at first 127.0.0.1)")
      ->check(CLI::ValidIPV4);
  CLI::App* stop = command->add_subcommand("stop", "End the running daemon");
  stop->callback([&chosen] { chosen = stop_daemon; });
  add_manifest_command(*command, chosen);
  command->callback([bind_host, command, &chosen] {
    if (command->get_subcommands().empty())
      chosen = [bind_host] { return run_in_foreground(*bind_host); };
  });
}

}  // namespace sky::cli
