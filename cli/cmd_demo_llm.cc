// skyctl demo-llm: the stand-in model server; in a replica it listens on the replica's own port.

#include <cstdint>
#include <cstdlib>

#include "cli/command.h"
#include "cli/demo_llm.h"

namespace sky::cli {
namespace {

// What the sandbox tells a replica's commands, as most servers know it.
constexpr const char* port_variable = "SKYCTL_REPLICA_PORT";

struct DemoLlmFlags {
  DemoLlmOptions options;
  std::int64_t first_token_ms = 200;
  std::int64_t per_token_ms = 20;
  std::int64_t startup_ms = 0;
};

int run_flags(const DemoLlmFlags& flags) {
  DemoLlmOptions options = flags.options;
  options.first_token = core::milliseconds(flags.first_token_ms);
  options.per_token = core::milliseconds(flags.per_token_ms);
  options.startup_delay = core::milliseconds(flags.startup_ms);
  return run_demo_llm(options);
}

}  // namespace

void add_demo_llm_command(CLI::App& app, Action& chosen) {
  constexpr std::int64_t hour_ms = 3'600'000;
  auto flags = std::make_shared<DemoLlmFlags>();
  DemoLlmOptions& options = flags->options;
  CLI::App* command = app.add_subcommand("demo-llm", "A stand-in for a model server");
  command->add_option("--host", options.host, "Address to listen on")->capture_default_str();
  command->add_option("--port", options.port, "Port to listen on")
      ->envname(port_variable)
      ->capture_default_str();
  command->add_option("--model", options.model, "Name it serves; empty serves any")
      ->capture_default_str();
  command->add_option("--ttft-ms", flags->first_token_ms, "Time to the first token")
      ->check(CLI::Range(std::int64_t{0}, hour_ms))
      ->capture_default_str();
  command->add_option("--token-ms", flags->per_token_ms, "Time of each further token")
      ->check(CLI::Range(std::int64_t{0}, hour_ms))
      ->capture_default_str();
  command->add_option("--tokens", options.tokens, "Tokens of an answer")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--concurrency", options.max_concurrent, "Requests generated at once")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--queue", options.max_queued, "Requests that may wait; beyond: 429")
      ->capture_default_str();
  command->add_option("--startup-ms", flags->startup_ms, "Time before it listens")
      ->check(CLI::Range(std::int64_t{0}, hour_ms))
      ->capture_default_str();
  command->callback([flags, &chosen] { chosen = [flags] { return run_flags(*flags); }; });
}

}  // namespace sky::cli
