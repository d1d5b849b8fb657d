// Other processes on this machine: who they are, whether they live, and how to start and end them.
//
// A process is known by its id, its start time and the boot it runs in, so that a pid that was
// given to somebody else is never taken for it and never killed. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sky::adapters {

struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // since boot, from /proc/PID/stat
  std::string boot_id;
  bool operator==(const ProcessIdentity&) const = default;
};

// None: no such process, or it has ended and only waits to be reaped.
std::optional<ProcessIdentity> identify_process(pid_t pid);

bool is_alive(const ProcessIdentity& process);

// A descriptor that becomes readable when it ends; -1 when it has ended. The caller closes it.
int open_process(const ProcessIdentity& process);

// False: it has ended already. Never reaches another process that has the same pid now.
bool signal_process(const ProcessIdentity& process, int signal);

// Starts a program in a session of its own, as nobody's child, with no descriptor of ours and its
// output thrown away. Returns when the program has taken over. Errors: not_found, permission, io.
core::Result<ProcessIdentity> spawn_detached(const std::filesystem::path& program,
                                             const std::vector<std::string>& arguments);

// Sends a signal to every process of this user that was started with NAME=VALUE in its
// environment; returns how many there were.
std::size_t signal_marked_processes(std::string_view name_value, int signal);

}  // namespace sky::adapters
