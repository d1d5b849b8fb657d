#include "cli/service_options.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace sky::cli {
namespace {

using core::Error;
using core::ErrorCode;

// A service file is a page of text; a wrong path may be anything.
constexpr std::size_t file_bytes_max = 1 << 20;

core::Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::not_found, "cannot read " + path};
  std::string text(file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || (text.empty() && !file.eof()))
    return Error{ErrorCode::invalid_input, path + " cannot be read as a file"};
  if (text.size() > file_bytes_max)
    return Error{ErrorCode::invalid_input, path + " is larger than 1 MiB: no service file"};
  return text;
}

// K=V as given; K alone is taken from the environment, so that a secret is not in a process list.
core::Result<adapters::NamedValues> named_values(const std::vector<std::string>& words,
                                                 const char* option) {
  adapters::NamedValues values;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || word.empty())
      return Error{ErrorCode::usage, std::string(option) + " wants NAME=VALUE or NAME"};
    if (equals != std::string::npos) {
      values.emplace_back(word.substr(0, equals), word.substr(equals + 1));
      continue;
    }
    const char* found = std::getenv(word.c_str());
    if (found == nullptr)
      return Error{ErrorCode::usage, std::string(option) + ' ' + word +
                                         ": it is not set in the environment; say " + word +
                                         "=VALUE or export it"};
    values.emplace_back(word, found);
  }
  return values;
}

}  // namespace

void add_service_options(CLI::App& command, ServiceOptions& options) {
  command.add_option("--env", options.envs, "NAME=VALUE for `envs`; NAME takes the environment's")
      ->allow_extra_args(false);
  command
      .add_option("--secret", options.secrets,
                  "NAME=VALUE for `secrets`; NAME takes the environment's")
      ->allow_extra_args(false);
  command
      .add_option("--set", options.overrides,
                  "KEY=VALUE inside `service:`, as replica_policy.max_replicas=6")
      ->allow_extra_args(false);
  command.add_option("--setup", options.setup, "Replaces the file's setup")
      ->each([&options](const std::string&) { options.has_setup = true; });
  command.add_option("--run", options.run, "Replaces the file's run")
      ->each([&options](const std::string&) { options.has_run = true; });
  command.add_flag("--no-paid-overflow", options.no_paid_overflow,
                   "Base replicas never on a billed machine");
  command.add_flag("-y,--yes", options.yes, "Do not ask");
}

core::Result<ServiceRequest> make_request(const ServiceOptions& options, const std::string& name) {
  ServiceRequest request;
  request.file_name = options.file;
  auto text = read_file(options.file);
  if (!text) return text.error();
  request.yaml = std::move(*text);
  auto envs = named_values(options.envs, "--env");
  if (!envs) return envs.error();
  auto secrets = named_values(options.secrets, "--secret");
  if (!secrets) return secrets.error();

  adapters::LoadOptions& load = request.options;
  load.name = name;
  load.envs = std::move(*envs);
  load.secrets = std::move(*secrets);
  load.overrides = options.overrides;
  if (options.has_setup) load.setup = options.setup;
  if (options.has_run) load.run = options.run;
  load.sandbox = options.sandbox;
  load.no_paid_overflow = options.no_paid_overflow;
  return request;
}

}  // namespace sky::cli
