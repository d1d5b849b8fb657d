// skyctl sandbox-instance DIR: one machine of the sandbox. Started by the daemon, not by people.

#include <string>

#include "adapters/sandbox/instance.h"
#include "cli/command.h"

namespace sky::cli {

void add_sandbox_instance_command(CLI::App& app, Action& chosen) {
  auto directory = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(adapters::sandbox::instance_command,
                                         "One machine of the sandbox; the daemon starts it");
  command->group("");  // not in the help
  command->add_option("DIR", *directory, "Its directory")->required();
  command->callback([directory, &chosen] {
    chosen = [directory] { return adapters::sandbox::run_instance(*directory); };
  });
}

}  // namespace sky::cli
