// skyctl events [NAME] [--follow] [--json] and filters by time, type, replica, zone and cause: the
// log.

#include <iostream>
#include <optional>
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
  std::string until;
  std::string zone;
  std::uint64_t cause = 0;
};

// Part of the interface: fields are only ever added.
constexpr const char* json_fields =
    "--json prints one object a line, with these fields in every event:\n"
    "  seq      number of the event, from 1 without a gap\n"
    "  time     UTC, as 2026-11-23T19:20:01.123456Z\n"
    "  at_us    the log's own clock in microseconds: never goes back\n"
    "  type     PreemptionNoticed, ScaleEvaluated, ...\n"
    "  cause    seq of the event that led to it; 0: the outside world\n"
    "  actor    controller, user, cloud, probe, balancer or daemon\n"
    "  service  empty: about the control plane\n"
    "  replica  0: about no single one\n"
    "  text     the sentence of the plain output\n"
    "  body     what the type holds; durations end in _us, prices in usd_per_hour";

core::Result<EventFilter> filter_of(const EventsOptions& options) {
  EventFilter filter;
  filter.service = options.service;
  filter.replica = core::ReplicaId{options.replica};
  for (const std::string& type : options.types)
    if (auto added = add_type(filter, type); !added) return added.error();
  if (!options.since.empty())
    if (auto set = set_since(filter, options.since, adapters::wall_now()); !set) return set.error();
  if (!options.until.empty())
    if (auto set = set_until(filter, options.until, adapters::wall_now()); !set) return set.error();
  filter.zone = options.zone;
  filter.cause = core::Seq{options.cause};
  return filter;
}

// Whether something that was asked for may have happened before the first event that is kept.
bool is_missed(const EventFilter& filter, const core::Event& first_kept) {
  const bool needs_history = !filter.zone.empty() || filter.cause;
  return needs_history || !filter.not_before || *filter.not_before < first_kept.time.wall;
}

int run_events(const EventsOptions& options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  const auto filter = filter_of(options);
  if (!filter) return fail(filter.error());
  const EventFormat format{.utc = options.utc, .color = output_is_terminal()};
  EventSieve sieve(*filter);
  std::optional<core::Seq> begins;  // later than where reading had to begin
  const auto note = [&](core::Seq first) { begins = first; };
  const auto print = [&](const core::Event& event) {
    if (begins && is_missed(*filter, event)) say_where_it_begins(*begins);
    begins.reset();
    if (!sieve.passes(event)) return !sieve.is_past(event);
    std::cout << (options.json ? event_json(event) : event_line(event, format)) << '\n';
    if (options.follow) std::cout.flush();
    return std::cout.good() && !sieve.is_past(event);
  };
  const core::Seq from = sieve.read_from();
  if (!options.follow) {
    auto read = read_events(*home, from, print, note);
    return read ? exit_done : fail(read.error());
  }
  if (auto revived = revive_daemon(*home); !revived) return fail(revived.error());
  auto followed = follow_events(*home, from, print, note);
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
  command->add_option("--until", options->until, "Up to a sequence, a time ago, or a UTC time");
  command->add_option("--zone", options->zone, "Only this zone and the replicas in it");
  command->add_option("--cause", options->cause, "Only this event and what followed from it");
  command->footer(json_fields);
  command->callback([options, &chosen] { chosen = [options] { return run_events(*options); }; });
}

}  // namespace sky::cli
