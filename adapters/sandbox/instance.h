// The sandbox's machine: a process of its own that runs one replica in one directory.
//
// `skyctl sandbox-instance DIR` calls run_instance(). It is started detached and survives the
// daemon; everything it has to say is in the directory's state.json, everything it is told is a
// file put there (adapters/README.md lists them). It waits the provisioning delay, runs `setup`
// and `run` in a process group of their own, keeps their output in a bounded log, and takes every
// process it ever started with it when it ends. It runs its own loop: no libuv, no daemon.
#pragma once

#include <filesystem>

namespace sky::adapters::sandbox {

// The word after the program's name that makes it a machine: `skyctl sandbox-instance DIR`.
inline constexpr const char* instance_command = "sandbox-instance";

// Returns the exit status: 0 the machine came to its end, 3 another process runs this directory,
// 1 the directory holds no order that can be read.
int run_instance(const std::filesystem::path& directory);

}  // namespace sky::adapters::sandbox
