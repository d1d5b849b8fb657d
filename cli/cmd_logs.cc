// skyctl logs NAME REPLICA [--follow] [--tail N]: what a replica's setup and run printed.

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include "adapters/json.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/daemon_process.h"

namespace sky::cli {
namespace {

constexpr auto poll_every = std::chrono::milliseconds(100);
constexpr std::streamoff tail_window = 1 << 20;  // --tail looks at the last MiB only

struct LogsOptions {
  std::string service;
  std::uint32_t replica = 0;
  bool follow = false;
  std::uint32_t tail = 0;
};

constexpr auto cloud_poll_every = std::chrono::seconds(1);  // each asks a cloud

struct LogFound {
  std::string path;  // of a file here; empty: a cloud has it, and `text` is of it
  std::string text;
  std::string cursor;  // where the next text begins
  bool is_growing = false;  // the replica still has a machine
};

core::Result<LogFound> find_log(const Home& home, const LogsOptions& options,
                                const std::string& cursor) {
  const auto answer =
      api_get(home, "/v1/logs?service=" + query_value(options.service) +
                        "&replica=" + std::to_string(options.replica) +
                        "&tail=" + std::to_string(options.tail) + "&cursor=" + query_value(cursor));
  if (!answer) return answer.error();
  const auto document = adapters::parse_json(*answer);
  if (!document) return document.error();
  const adapters::JsonView root(*document);
  return LogFound{root.at("path").text_or(""), root.at("text").text_or(""),
                  root.at("cursor").text_or(""), root.at("growing").boolean_or(false)};
}

// Where the last `lines` lines begin.
std::streamoff tail_start(std::ifstream& file, std::uint32_t lines) {
  file.seekg(0, std::ios::end);
  const std::streamoff end = file.tellg();
  const std::streamoff first = std::max<std::streamoff>(0, end - tail_window);
  std::string window(static_cast<std::size_t>(end - first), '\0');
  file.seekg(first);
  file.read(window.data(), static_cast<std::streamsize>(window.size()));
  file.clear();
  std::size_t at = window.size();
  if (at > 0 && window.back() == '\n') --at;
  for (std::uint32_t found = 0; found < lines && at > 0; ++found) {
    const std::size_t newline = window.rfind('\n', at - 1);
    if (newline == std::string::npos) return first;
    at = newline;
  }
  return at == 0 ? first : first + static_cast<std::streamoff>(at) + 1;
}

void copy_from(std::ifstream& file, std::streamoff& position) {
  file.clear();
  file.seekg(0, std::ios::end);
  if (file.tellg() < position) position = 0;  // rotated
  file.seekg(position);
  char piece[16384];
  while (file.read(piece, sizeof(piece)), file.gcount() > 0) {
    std::cout.write(piece, file.gcount());
    position += file.gcount();
  }
  std::cout.flush();
}

int print_from_cloud(const Home& home, const LogsOptions& options, LogFound found) {
  std::cout << found.text << std::flush;
  while (options.follow && found.is_growing && std::cout.good()) {
    std::this_thread::sleep_for(cloud_poll_every);
    auto next = find_log(home, options, found.cursor);
    if (!next) return fail(next.error());
    std::cout << next->text << std::flush;
    found = std::move(*next);
  }
  return exit_done;
}

int print_file(const Home& home, const LogsOptions& options, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail({core::ErrorCode::not_found, "cannot read the replica's log " + path});
  std::streamoff position = options.tail > 0 ? tail_start(file, options.tail) : 0;
  copy_from(file, position);
  while (options.follow && std::cout.good()) {
    std::this_thread::sleep_for(poll_every);
    copy_from(file, position);
    const auto now = find_log(home, options, {});
    if (now && !now->is_growing) break;  // it ended: what it wrote last is printed
  }
  copy_from(file, position);
  return exit_done;
}

int run_logs(const LogsOptions& options) {
  const auto home = find_home();
  if (!home) return fail(home.error());
  if (auto revived = revive_daemon(*home); !revived) return fail(revived.error());
  const auto found = find_log(*home, options, {});
  if (!found) return fail(found.error());
  return found->path.empty() ? print_from_cloud(*home, options, *found)
                             : print_file(*home, options, found->path);
}

}  // namespace

void add_logs_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* command = app.add_subcommand("logs", "What a replica printed");
  command->add_option("NAME", options->service, "The service")->required();
  command->add_option("REPLICA", options->replica, "Its number")->required();
  command->add_flag("-f,--follow", options->follow, "Go on until it ends");
  command->add_option("--tail", options->tail, "Only the last N lines");
  command->callback([options, &chosen] { chosen = [options] { return run_logs(*options); }; });
}

}  // namespace sky::cli
