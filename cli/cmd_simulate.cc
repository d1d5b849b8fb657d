// skyctl simulate --trace PATH... --policy NAME[:key=value,...]: placement policies on recorded
// or drawn spot traces.

#include <unistd.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <memory>

#include "adapters/durable_file.h"
#include "cli/command.h"
#include "cli/print_simulation.h"
#include "cli/print_simulation_svg.h"
#include "cli/simulate.h"
#include "cli/trace_file.h"
#include "core/policies/policy_name.h"

namespace sky::cli {
namespace {

struct SimulateOptions {
  std::vector<std::string> traces;
  std::vector<std::string> policies;
  std::uint32_t target = 4;
  double cold_start = 183;
  double ratio = 3;
  std::uint64_t seed = 1;
  std::uint32_t runs = 8;
  std::string windows;
  std::string svg;
  std::string load;
  std::int64_t load_gap = 60;
  double qps_per_replica = 0.07;
  std::uint32_t min_replicas = 1;
  std::uint32_t max_replicas = 16;
  double upscale_delay = 300;
  double downscale_delay = 1200;
  double service = 10;
  std::uint32_t slots = 1;
  double patience = 100;
  bool literal = false;
  bool json = false;
};

constexpr const char* footer = R"(
Policies:
  all_on_demand, even_spread, round_robin
  static_mixture[:on_demand=1,extra=0]
  spot_hedge[:extra=1,rule=printed|artifact]     SkyServe's Algorithm 1; the rule of its simulator
  age_gated[:extra=1]                            SpotHedge, the extra only while a zone is young
  hazard_hedge[:any=40,share=0,square=0,availability=99.5,split=0,age=1,probe=SECONDS]
  hazard_hedge_safe                              the same with weights for interactive services
Traces: {"gap_seconds","zones","regions","capacity"}, or one file a zone as collectors write
them ({"metadata":{"gap_seconds"},"data"}), or drawn:SEED. A trace of zeroes and ones is read as
"as many as wanted" unless --literal is given.
Load: one number a line, requests a second for --load-gap seconds each; after the last the first
again. The autoscaler follows it as it does in a service (--qps-per-replica, --min-replicas,
--max-replicas, window 60 s, the two delays), and the placement policy follows the autoscaler.
Requests: Poisson arrivals, one queue, first come first served; a ready replica runs --slots at
once, each for --service seconds on the mean (exponential). While replicas suffice the share that
waits and the waits are Erlang's (M/M/c); while they do not the queue is a fluid. A request fails
after --patience seconds of waiting, and when the machine it runs on is taken. Latency is the wait
and the mean service time.)";

// A line that is written again and again; on a terminal only.
void show_progress(std::uint32_t done, std::uint32_t all) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::cerr << "\rrun " << done << " of " << all << (done == all ? "\r\033[K" : "") << std::flush;
}

core::Duration duration(double seconds) {
  return core::Duration(static_cast<std::int64_t>(seconds * 1e6));
}

core::Result<LoadQuestion> load_question(const SimulateOptions& options) {
  const core::Error wrong{core::ErrorCode::usage, "--max-replicas is less than --min-replicas"};
  if (options.max_replicas < options.min_replicas) return wrong;
  const auto text = adapters::read_file(options.load, max_trace_bytes);
  if (!text) return text.error();
  auto series = parse_load(*text, core::seconds(options.load_gap));
  if (!series) return core::Error{series.error().code, options.load + ": " + series.error().text};
  LoadQuestion load;
  load.series = std::move(*series);
  load.policy.min_replicas = options.min_replicas;
  load.policy.max_replicas = options.max_replicas;
  load.policy.target_qps_per_replica =
      core::MilliRps{std::max<std::int64_t>(1, std::llround(options.qps_per_replica * 1000))};
  load.policy.upscale_delay = duration(options.upscale_delay);
  load.policy.downscale_delay = duration(options.downscale_delay);
  load.requests = {duration(options.service), options.slots, duration(options.patience)};
  return load;
}

int run_simulate(const SimulateOptions& options) {
  SimulationQuestion question;
  auto traces = read_traces(options.traces);
  if (!traces) return fail(traces.error());
  question.traces = std::move(*traces);
  for (const std::string& text : options.policies) {
    auto policy = core::parse_policy(text);
    if (!policy) return fail({core::ErrorCode::usage, "--policy: " + policy.error().text});
    question.policies.push_back({text, *policy});
  }
  if (!options.windows.empty()) {
    const auto windows = parse_windows(options.windows);
    if (!windows) return fail(windows.error());
    question.windows = *windows;
  }
  if (!options.load.empty()) {
    auto load = load_question(options);
    if (!load) return fail(load.error());
    question.load = std::move(*load);
  }
  question.base.target = options.target;
  question.base.cold_start = core::Duration(static_cast<std::int64_t>(options.cold_start * 1e6));
  question.base.on_demand_ratio_milli = static_cast<std::int64_t>(options.ratio * 1000 + 0.5);
  question.base.seed = options.seed;
  question.base.is_literal = options.literal;
  question.runs = options.runs;
  const auto results = simulate(question, show_progress);
  if (!results) return fail(results.error());
  std::cout << (options.json ? simulation_json(question, *results)
                             : simulation_text(question, *results));
  if (options.svg.empty()) return exit_done;
  std::ofstream file(options.svg, std::ios::trunc);
  file << simulation_svg(question, *results);
  file.close();
  return file ? exit_done : fail({core::ErrorCode::io, "cannot write " + options.svg});
}

void add_load_options(CLI::App& command, SimulateOptions& options) {
  const auto number = [&](const char* name, auto& into, auto least, auto most, const char* text) {
    command.add_option(name, into, text)
        ->check(CLI::Range(least, most))
        ->needs("--load")
        ->capture_default_str();
  };
  number("--load-gap", options.load_gap, 1, 86'400, "Seconds of load a line is for");
  number("--qps-per-replica", options.qps_per_replica, 0.001, 1e6, "target_qps_per_replica");
  number("--min-replicas", options.min_replicas, 0, 10'000, "min_replicas");
  number("--max-replicas", options.max_replicas, 1, 10'000, "max_replicas");
  number("--upscale-delay", options.upscale_delay, 0.0, 86'400.0, "upscale_delay_seconds");
  number("--downscale-delay", options.downscale_delay, 0.0, 86'400.0, "downscale_delay_seconds");
  number("--service", options.service, 0.001, 3600.0, "Mean seconds a request runs");
  number("--slots", options.slots, 1, 10'000, "Requests a replica runs at once");
  number("--patience", options.patience, 0.1, 3600.0, "Seconds a request waits before it fails");
}

}  // namespace

void add_simulate_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command =
      app.add_subcommand("simulate", "Placement policies on spot traces, side by side");
  command->add_option("--trace", options->traces, "Files of traces, or drawn:SEED")->required();
  command->add_option("--policy", options->policies, "Policies: see below (may be repeated)")
      ->required();
  CLI::Option* target = command->add_option("--target", options->target, "Ready replicas wanted")
                            ->check(CLI::Range(1, 100'000))
                            ->capture_default_str();
  command->add_option("--load", options->load, "File of a load that the autoscaler follows instead")
      ->excludes(target);
  add_load_options(*command, *options);
  command->add_option("--cold-start", options->cold_start, "Seconds from a launch until it serves")
      ->check(CLI::Range(1.0, 7200.0))
      ->capture_default_str();
  command->add_option("--od-ratio", options->ratio, "On-demand price / spot price")
      ->check(CLI::Range(1.0, 100.0))
      ->capture_default_str();
  command
      ->add_option("--seed", options->seed,
                   "Draws the order among equal zones, and the windows; 0: the trace's order")
      ->capture_default_str();
  command->add_option("--runs", options->runs, "Seeds to take the mean over")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--windows", options->windows,
                      "COUNTxHOURS: windows at drawn places, each without knowledge of the others");
  command->add_flag("--literal", options->literal,
                    "A trace of zeroes and ones means one machine a zone");
  command->add_flag("--json", options->json, "JSON");
  command->add_option("--svg", options->svg, "Write a picture to this file");
  command->footer(footer);
  command->callback([options, &chosen] { chosen = [options] { return run_simulate(*options); }; });
}

}  // namespace sky::cli
