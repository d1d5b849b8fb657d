// skyctl check [CLOUD]: are the credentials good, and may they do what a service needs?

#include <iostream>
#include <string>

#include "adapters/http_client.h"
#include "adapters/reactor.h"
#include "cli/api_client.h"
#include "cli/cloud_check.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/daemon_process.h"

namespace sky::cli {
namespace {

struct CheckOptions {
  std::string cloud;
  bool json = false;
};

// As the running daemon sees its clouds: it keeps the environment it was started with.
core::Result<std::vector<CloudFindings>> ask_daemon(const Home& home, const std::string& cloud) {
  const auto answer = api_get(home, "/v1/check?cloud=" + query_value(cloud));
  if (!answer) return answer.error();
  return parse_findings(*answer);
}

// As a daemon started from this shell would see them.
core::Result<std::vector<CloudFindings>> ask_here(const Home& home, const std::string& cloud) {
  const auto config = read_config(home);
  if (!config) return config.error();
  adapters::Reactor reactor;
  adapters::HttpClient http(reactor);
  const RealClouds clouds = make_real_clouds({.reactor = reactor,
                                              .http = http,
                                              .home = home,
                                              .config = *config,
                                              .log_id = {},
                                              .on_change = [](const core::InstanceChanged&) {}});
  std::vector<CloudFindings> found;
  check_clouds(clouds, cloud, [&](std::vector<CloudFindings> answer) {
    found = std::move(answer);
    reactor.stop();
  });
  reactor.run();
  return found;
}

int run_check(const CheckOptions& options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  const auto found =
      daemon_answers(*home) ? ask_daemon(*home, options.cloud) : ask_here(*home, options.cloud);
  if (!found) return fail(found.error());
  std::cout << (options.json ? to_json(*found) + '\n' : findings_text(*found));
  return is_all_well(*found) ? exit_done : exit_failed;
}

}  // namespace

void add_check_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command =
      app.add_subcommand("check", "Are the clouds' credentials good, and what is missing?");
  command->add_option("CLOUD", options->cloud, "Only this one: kubernetes, aws, gcp")
      ->check(CLI::IsMember({"kubernetes", "aws", "gcp"}));
  command->add_flag("--json", options->json, "As JSON");
  command->callback([options, &chosen] { chosen = [options] { return run_check(*options); }; });
}

}  // namespace sky::cli
