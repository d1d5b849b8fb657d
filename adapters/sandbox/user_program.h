// The user's `setup` and `run` as processes of a sandbox machine: what they see and how they start.
//
// A script runs under bash where there is one, like on the clouds' machines, else under /bin/sh.
// Its environment is made anew: the daemon's own may hold cloud credentials. One thread, the
// machine's; start_program() forks and must not be called where other threads run.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sandbox/machine_files.h"

namespace sky::adapters::sandbox {

// On a cloud each replica has the service port for itself; here it gets a port of its own. Every
// mention of the service port as a number of its own ("0.0.0.0:8888", "--port 8888") becomes that.
std::string with_own_port(std::string_view text, std::uint16_t service_port,
                          std::uint16_t own_port);

// "NAME=VALUE" of everything: PATH and the like, envs, secrets, SKYPILOT_*, the port.
std::vector<std::string> program_environment(const MachineOrder& order, const Secrets& secrets,
                                             const std::filesystem::path& directory,
                                             std::uint16_t port);

// In the environment of each process of the machine in `directory`: finds those that got away.
std::string machine_mark(const std::filesystem::path& directory);

// Starts the script in a session of its own, output to `output_fd`; dies with its parent. Returns
// its pid, or -errno.
pid_t start_program(const std::filesystem::path& script,
                    const std::filesystem::path& work_directory,
                    const std::vector<std::string>& environment, int output_fd);

// "ended with status 3", "was killed by signal 9 (Killed)".
std::string exit_text(int wait_status);

}  // namespace sky::adapters::sandbox
