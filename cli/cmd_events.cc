// skyctl events [NAME] [--follow] [--type T] [--replica N] [--since T|SEQ] [--json]: the log.

#include <iostream>
#include <string>
#include <vector>

#include "adapters/clock.h"
#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/event_filter.h"
#include "cli/event_source.h"
#include "cli/print_event.h"

namespace sky::cli {
namespace {

struct EventsOptions {
  std::string service;
  bool follow = false;
  bool json = false;
  bool utc = false;
  std::vector<std::string> types;
  std::uint32_t replica = 0;
  std::string since;
};

core::Result<EventFilter> filter_of(const EventsOptions& options) {
  EventFilter filter;
  filter.service = options.service;
  filter.replica = core::ReplicaId{options.replica};
  for (const std::string& type : options.types)
    if (auto added = add_type(filter, type); !added) return added.error();
  if (!options.since.empty())
    if (auto set = set_since(filter, options.since, adapters::wall_now()); !set) return set.error();
  return filter;
}

int run_events(const EventsOptions& options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  const auto filter = filter_of(options);
  if (!filter) return fail(filter.error());
  const EventFormat format{.utc = options.utc, .color = output_is_terminal()};
  const auto print = [&](const core::Event& event) {
    if (!matches(*filter, event)) return true;
    std::cout << (options.json ? event_json(event) : event_line(event, format)) << '\n';
    if (options.follow) std::cout.flush();
    return std::cout.good();
  };
  const core::Seq from = filter->first ? filter->first : core::Seq{1};
  if (!options.follow) {
    auto read = read_events(*home, from, print);
    return read ? exit_done : fail(read.error());
  }
  if (auto revived = revive_daemon(*home); !revived) return fail(revived.error());
  auto followed = follow_events(*home, from, print);
  return followed ? exit_done : fail(followed.error());
}

}  // namespace

void add_events_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<EventsOptions>();
  CLI::App* command = app.add_subcommand("events", "Everything that happened, and why");
  command->add_option("NAME", options->service, "Only this service");
  command->add_flag("-f,--follow", options->follow, "Go on with new events as they become durable");
  command->add_flag("--json", options->json, "One JSON object a line");
  command->add_flag("--utc", options->utc, "Times in UTC instead of the local zone");
  command->add_option("--type", options->types, "Only this type (may be repeated)")
      ->allow_extra_args(false);
  command->add_option("--replica", options->replica, "Only this replica");
  command->add_option("--since", options->since,
                      "From a sequence, a time ago (10m), or a UTC time");
  command->callback([options, &chosen] { chosen = [options] { return run_events(*options); }; });
}

}  // namespace sky::cli
