// skyctl: dispatch only. Each command is in its own cmd_*.cc.

#include <csignal>

#include "cli/command.h"

int main(int argc, char** argv) {
  using namespace sky::cli;
  std::signal(SIGPIPE, SIG_IGN);  // a peer that vanished is an error of the write, not our death

  CLI::App app{
      "skyctl keeps a model service behind one endpoint: base replicas on Kubernetes, bursts on "
      "spot instances."};
  app.set_version_flag("--version", "skyctl " SKY_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);

  Action chosen;
  add_up_command(app, chosen);
  add_status_command(app, chosen);
  add_events_command(app, chosen);
  add_why_command(app, chosen);
  add_replay_command(app, chosen);
  add_storms_command(app, chosen);
  add_simulate_command(app, chosen);
  add_logs_command(app, chosen);
  add_update_command(app, chosen);
  add_down_command(app, chosen);
  add_offers_command(app, chosen);
  add_check_command(app, chosen);
  add_load_command(app, chosen);
  add_preempt_command(app, chosen);
  add_log_command(app, chosen);
  add_daemon_command(app, chosen);
  add_lb_command(app, chosen);
  add_demo_llm_command(app, chosen);
  add_sandbox_instance_command(app, chosen);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_done : exit_usage;
  }
  return chosen();
}
