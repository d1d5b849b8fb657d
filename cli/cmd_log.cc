// skyctl log info|verify|backup|restore|repair|truncate: looking after the log itself.

#include <iostream>
#include <string>

#include "adapters/clock.h"
#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/home.h"
#include "cli/log_commands.h"
#include "cli/moment.h"

namespace sky::cli {
namespace {

struct LogOptions {
  bool deep = false;
  bool json = false;
  std::string directory;
  std::uint64_t accept_loss_after = 0;
  std::string before;
};

using Run = core::Result<void> (*)(const Home&, const LogOptions&);

core::Result<void> run_truncate(const Home& home, const LogOptions& options) {
  const auto moment = parse_moment("--before", options.before, adapters::wall_now());
  if (!moment) return moment.error();
  return log_truncate(home, *moment, adapters::wall_now(), std::cout);
}

Action action(Run run, const std::shared_ptr<LogOptions>& options) {
  return [run, options] {
    const auto home = find_home();
    if (!home) return fail(home.error());
    const auto done = run(*home, *options);
    return done ? exit_done : fail(done.error());
  };
}

void add_reading_commands(CLI::App& log, Action& chosen,
                          const std::shared_ptr<LogOptions>& options) {
  CLI::App* info = log.add_subcommand("info", "What the log is and holds, its size and retention");
  info->add_flag("--json", options->json, "One JSON object");
  info->callback([options, &chosen] {
    chosen = action(
        [](const Home& home, const LogOptions& o) { return log_info(home, o.json, std::cout); },
        options);
  });
  CLI::App* verify = log.add_subcommand(
      "verify", "Read every commit and hold it to every rule; names the first bad one");
  verify->add_flag("--deep", options->deep, "Fold it all again and compare with each snapshot");
  verify->add_option("DIR", options->directory, "A backup, instead of this home's log");
  verify->callback([options, &chosen] {
    chosen = action(
        [](const Home& home, const LogOptions& o) {
          return log_verify(o.directory.empty() ? home.log() : std::filesystem::path(o.directory),
                            o.deep, std::cout);
        },
        options);
  });
  CLI::App* backup = log.add_subcommand("backup", "A verified copy, in DIR/log-SEQ");
  backup->add_option("DIR", options->directory, "Where the copy goes")->required();
  backup->callback([options, &chosen] {
    chosen = action([](const Home& home,
                       const LogOptions& o) { return log_backup(home, o.directory, std::cout); },
                    options);
  });
}

void add_changing_commands(CLI::App& log, Action& chosen,
                           const std::shared_ptr<LogOptions>& options) {
  CLI::App* restore =
      log.add_subcommand("restore", "Put a backup in the place of the log; no daemon may run");
  restore->add_option("DIR", options->directory, "A backup: DIR/log-SEQ")->required();
  restore->callback([options, &chosen] {
    chosen = action([](const Home& home,
                       const LogOptions& o) { return log_restore(home, o.directory, std::cout); },
                    options);
  });
  CLI::App* repair = log.add_subcommand(
      "repair", "Go on with a log that has lost acknowledged events; no daemon may run");
  repair
      ->add_option("--accept-loss-after", options->accept_loss_after,
                   "You know that what was recorded after this event is lost")
      ->required();
  repair->callback([options, &chosen] {
    chosen = action(
        [](const Home& home, const LogOptions& o) {
          return log_repair(home, core::Seq{o.accept_loss_after}, adapters::wall_now(), std::cout);
        },
        options);
  });
  CLI::App* truncate = log.add_subcommand(
      "truncate", "Delete old events; the state stays, and so does what is still open");
  truncate->add_option("--before", options->before, "A sequence, a time ago (30d), or a UTC time")
      ->required();
  truncate->footer(
      "The daemon does it by itself when $SKYCTL_HOME/config.yaml says so:\n"
      "  skyctl: {log: {retention: {max_age: 30d, max_size: 20GB}}}");
  truncate->callback([options, &chosen] { chosen = action(run_truncate, options); });
}

}  // namespace

void add_log_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<LogOptions>();
  CLI::App* log = app.add_subcommand("log", "Verify, back up, repair and truncate the log");
  log->require_subcommand(1);
  add_reading_commands(*log, chosen, options);
  add_changing_commands(*log, chosen, options);
}

}  // namespace sky::cli
