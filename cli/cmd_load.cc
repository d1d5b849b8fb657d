// skyctl load NAME|URL --qps N --duration D [--stream]: the query generator.

#include <charconv>
#include <string>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/daemon_process.h"
#include "cli/load.h"

namespace sky::cli {
namespace {

struct LoadFlags {
  LoadOptions options;
  std::string target;
  std::string duration = "60s";
  std::string timeout = "60s";
};

// "90", "90s", "10m", "2h".
core::Result<core::Duration> parse_duration(const char* option, const std::string& text) {
  double count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const double unit_seconds = unit.empty() || unit == "s" ? 1
                              : unit == "m"               ? 60
                              : unit == "h"               ? 3600
                                                          : 0;
  const double total_seconds = count * unit_seconds;
  if (failed != std::errc{} || !(total_seconds > 0) || total_seconds > 1e9)
    return core::Error{core::ErrorCode::usage,
                       std::string(option) + ' ' + text + ": say a time like 30s, 10m or 2h"};
  return core::Duration{static_cast<std::int64_t>(total_seconds * 1e6)};
}

core::Result<std::string> url_of(const std::string& target) {
  if (target.find("://") != std::string::npos) return target;
  const auto home = find_home();
  if (!home) return home.error();
  if (auto revived = revive_daemon(*home); !revived) return revived.error();
  auto endpoint = api_get(*home, "/v1/status?format=endpoint&service=" + query_value(target));
  if (!endpoint) return endpoint.error();
  while (!endpoint->empty() && endpoint->back() == '\n') endpoint->pop_back();
  return "http://" + *endpoint;
}

int run_flags(LoadFlags flags) {
  const auto duration = parse_duration("--duration", flags.duration);
  if (!duration) return fail(duration.error());
  const auto timeout = parse_duration("--timeout", flags.timeout);
  if (!timeout) return fail(timeout.error());
  flags.options.duration = *duration;
  flags.options.timeout = *timeout;
  auto url = url_of(flags.target);
  if (!url) return fail(url.error());
  flags.options.url = std::move(*url);
  return run_load(flags.options);
}

}  // namespace

void add_load_command(CLI::App& app, Action& chosen) {
  auto flags = std::make_shared<LoadFlags>();
  LoadOptions& options = flags->options;
  CLI::App* command = app.add_subcommand("load", "Open-loop load on a service, with a report");
  command->add_option("NAME", flags->target, "The service, or a URL")->required();
  command->add_option("--qps", options.qps, "Requests a second")->required();
  command->add_option("--duration", flags->duration, "For how long")->capture_default_str();
  command->add_flag("--stream", options.is_stream, "Ask for streamed answers");
  command->add_flag("--poisson", options.is_poisson, "Random arrivals instead of even spacing");
  command->add_option("--seed", options.seed, "Of the random arrivals")->capture_default_str();
  command->add_option("--path", options.path, "What is asked")->capture_default_str();
  command->add_option("--method", options.method, "How it is asked")->capture_default_str();
  command->add_option("--body", options.body, "Instead of a chat completion");
  command->add_option("--model", options.model, "The chat's model")->capture_default_str();
  command->add_option("--prompt", options.prompt, "The chat's question")->capture_default_str();
  command->add_option("--max-tokens", options.max_tokens, "The chat's limit");
  command->add_option("--timeout", flags->timeout, "Of one request")->capture_default_str();
  command->add_option("--max-in-flight", options.max_in_flight, "Requests open at once")
      ->capture_default_str();
  command->add_flag("--allow-failures", options.allows_failures, "Exit 0 though some failed");
  command->add_flag("--json", options.is_json, "The report as one JSON object");
  command->callback([flags, &chosen] { chosen = [flags] { return run_flags(*flags); }; });
}

}  // namespace sky::cli
