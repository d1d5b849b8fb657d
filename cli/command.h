// What every command of `skyctl` shares: how it registers itself, and how it ends.
//
// A command adds a subcommand to the parser and, when that was typed, leaves in `chosen` what is to
// run. Exit status: 0 done, 1 failed, 2 wrong usage.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "core/result.h"

namespace sky::cli {

using Action = std::function<int()>;

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

// Prints "skyctl: TEXT" on standard error; returns the exit status that fits.
int fail(const core::Error& error);

// Asks, and reads the answer from standard input; an empty line means yes. At the end of the input:
// an error that names `--yes`.
core::Result<bool> confirm(const std::string& question);

bool output_is_terminal();

void add_up_command(CLI::App& app, Action& chosen);
void add_update_command(CLI::App& app, Action& chosen);
void add_down_command(CLI::App& app, Action& chosen);
void add_status_command(CLI::App& app, Action& chosen);
void add_events_command(CLI::App& app, Action& chosen);
void add_why_command(CLI::App& app, Action& chosen);
void add_replay_command(CLI::App& app, Action& chosen);
void add_storms_command(CLI::App& app, Action& chosen);
void add_simulate_command(CLI::App& app, Action& chosen);
void add_logs_command(CLI::App& app, Action& chosen);
void add_preempt_command(CLI::App& app, Action& chosen);
void add_offers_command(CLI::App& app, Action& chosen);
void add_check_command(CLI::App& app, Action& chosen);
void add_load_command(CLI::App& app, Action& chosen);
void add_demo_llm_command(CLI::App& app, Action& chosen);
void add_log_command(CLI::App& app, Action& chosen);
void add_daemon_command(CLI::App& app, Action& chosen);
void add_lb_command(CLI::App& app, Action& chosen);
void add_sandbox_instance_command(CLI::App& app, Action& chosen);

}  // namespace sky::cli
