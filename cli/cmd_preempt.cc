// skyctl preempt NAME REPLICA... | --zone Z | --storm K: the sandbox's clouds take machines back.

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "adapters/json.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/daemon_process.h"

namespace sky::cli {
namespace {

struct PreemptOptions {
  std::string service;
  std::vector<std::uint32_t> replicas;
  std::string zone;
  std::uint32_t storm = 0;
};

int run_preempt(const PreemptOptions& options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  const int ways = static_cast<int>(!options.replicas.empty()) +
                   static_cast<int>(!options.zone.empty()) + static_cast<int>(options.storm > 0);
  if (ways != 1)
    return fail({core::ErrorCode::usage,
                 "say what is taken: replica numbers, or --zone ZONE, or --storm COUNT"});
  if (auto revived = revive_daemon(*home); !revived) return fail(revived.error());

  adapters::JsonWriter body;
  body.begin_object().member("service", options.service).member("zone", options.zone);
  body.member("storm", options.storm).key("replicas").begin_array();
  for (const std::uint32_t replica : options.replicas) body.unsigned_integer(replica);
  body.end_array().end_object();
  const auto answer =
      api_order(*home, "/v1/preempt", body.str(), [&] { return revive_daemon(*home); });
  if (!answer) return fail(answer.error());
  std::cout << "Preemption asked for (SANDBOX); watch it: skyctl events " << options.service
            << " --follow\n";
  return exit_done;
}

}  // namespace

void add_preempt_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<PreemptOptions>();
  CLI::App* command =
      app.add_subcommand("preempt", "Sandbox only: the cloud takes spot machines back");
  command->add_option("NAME", options->service, "The service")->required();
  command->add_option("REPLICA", options->replicas, "These replicas");
  command->add_option("--zone", options->zone, "Every spot replica in this zone");
  command->add_option("--storm", options->storm, "This many spot replicas at once")
      ->check(CLI::Range(1, 10000));
  command->callback([options, &chosen] { chosen = [options] { return run_preempt(*options); }; });
}

}  // namespace sky::cli
