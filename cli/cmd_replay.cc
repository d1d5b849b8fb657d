// skyctl replay [NAME] [--until T|SEQ] [--verify | --speed N | --what-if FILE] [--log DIR]: the
// past, as it was, decided again, played, or under another policy.

#include <iostream>
#include <memory>
#include <string>

#include "adapters/clock.h"
#include "adapters/durable_file.h"
#include "adapters/policy_change.h"
#include "cli/command.h"
#include "cli/print_status.h"
#include "cli/print_what_if.h"
#include "cli/progress.h"
#include "cli/replay.h"
#include "cli/replay_live.h"
#include "cli/what_if.h"

namespace sky::cli {
namespace {

struct ReplayOptions {
  std::string service;
  std::string since;
  std::string until;
  std::string log;
  std::string policy_file;
  std::vector<std::string> assignments;
  double speed = 0;
  bool verify = false;
  bool verbose = false;
  bool json = false;
  bool utc = false;

  bool asks_what_if() const { return !policy_file.empty() || !assignments.empty(); }
};

int print_past(const ReplayOptions& options, const ReplaySource& source,
               const std::optional<Moment>& until) {
  const auto past = state_at(source, until);
  if (!past) return fail(past.error());
  const StatusFormat format{.service = options.service,
                            .verbose = options.verbose,
                            .json = options.json,
                            .color = output_is_terminal() && !options.json};
  const auto text = render_status(past->model, past->now, format);
  if (!text) return fail(text.error());
  std::cout << *text;
  return exit_done;
}

int verify(const ReplayOptions& options, const ReplaySource& source,
           const std::optional<Moment>& until) {
  const auto answer = verify_decisions(source, until, options.json, options.utc);
  if (!answer) return fail(answer.error());
  std::cout << answer->text;
  return answer->is_identical ? exit_done : exit_failed;
}

int play_range(const ReplayOptions& options, const ReplaySource& source,
               const std::optional<Moment>& until) {
  LiveReplay replay{.speed = options.speed,
                    .filter = {},
                    .verbose = options.verbose,
                    .json = options.json,
                    .utc = options.utc,
                    .repaint = output_is_terminal() && !options.json};
  replay.filter.service = options.service;
  replay.filter.until = until;
  if (!options.since.empty())
    if (auto set = set_since(replay.filter, options.since, adapters::wall_now()); !set)
      return fail(set.error());
  const auto played = play(source, replay);
  return played ? exit_done : fail(played.error());
}

int print_what_if(const ReplayOptions& options, const ReplaySource& source,
                  const std::optional<Moment>& until) {
  std::optional<std::string> text;
  if (!options.policy_file.empty()) {
    auto file = adapters::read_file(options.policy_file, adapters::max_yaml_bytes);
    if (!file) return fail(file.error());
    text = std::move(*file);
  }
  auto change = adapters::PolicyChange::read(text, options.policy_file, options.assignments);
  if (!change) return fail(change.error());
  WhatIfQuestion question{options.service, std::move(*change), {}, until};
  if (!options.since.empty()) {
    const auto since = parse_moment("--since", options.since, adapters::wall_now());
    if (!since) return fail(since.error());
    question.since = *since;
  }
  const auto answer = [&] {
    Progress progress("simulating");
    return ask_what_if(source, question, [&](double share) { progress.show(share); });
  }();
  if (!answer) return fail(answer.error());
  const WhatIfFormat format{options.utc, output_is_terminal()};
  std::cout << (options.json ? what_if_json(*answer) : what_if_text(*answer, format));
  return exit_done;
}

int run_replay(const ReplayOptions& options) {
  ReplaySource source;
  if (!options.log.empty()) source.directory = options.log;
  std::optional<Moment> until;
  if (!options.until.empty()) {
    const auto moment = parse_moment("--until", options.until, adapters::wall_now());
    if (!moment) return fail(moment.error());
    until = *moment;
  }
  if (options.verify) return verify(options, source, until);
  if (options.asks_what_if()) return print_what_if(options, source, until);
  if (options.speed > 0) return play_range(options, source, until);
  if (!options.since.empty())
    return fail({core::ErrorCode::usage,
                 "--since goes with --speed (where playing begins) and with --what-if (when the "
                 "policy is changed)"});
  return print_past(options, source, until);
}

}  // namespace

void add_replay_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand(
      "replay", "The past, as far back as events are kept: as it was, decided again, or played");
  command->add_option("NAME", options->service, "Only this service");
  command->add_option("--until", options->until,
                      "The moment: a sequence, a time ago (10m), or a UTC time; default: now");
  command->add_option("--log", options->log, "Another home, or its log directory; only read");
  auto* verify =
      command->add_flag("--verify", options->verify,
                        "Make every decision again and compare it with the recorded one");
  auto* speed = command
                    ->add_option("--speed", options->speed,
                                 "Play the events N times as fast as they happened")
                    ->check(CLI::Range(0.001, 1e9))
                    ->excludes(verify);
  command->add_option(
      "--since", options->since,
      "With --speed: where playing begins; with --what-if: when the policy is changed");
  command
      ->add_option("--what-if", options->policy_file,
                   "Estimate the past under this replica_policy: a file that holds the keys to "
                   "change, or a service file")
      ->excludes(verify, speed);
  command
      ->add_option("--set", options->assignments,
                   "The same for one key: replica_policy.max_replicas=8 (may be repeated)")
      ->allow_extra_args(false)
      ->excludes(verify, speed);
  command->add_flag("-v,--verbose", options->verbose, "Zones, prices, cost, QPS, target, reasons");
  command->add_flag("--utc", options->utc, "Times in UTC instead of the local zone");
  command->add_flag("--json", options->json, "JSON: one document; with --speed one object a line");
  command->callback([options, &chosen] { chosen = [options] { return run_replay(*options); }; });
}

}  // namespace sky::cli
