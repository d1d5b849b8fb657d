// How machines are laid out on disk: names, exclusive creation, removal, and what is kept.
// Any thread; calls block on the disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapters/sandbox/machine_files.h"
#include "core/effect.h"

namespace sky::adapters::sandbox {

// "sky-llama3-3-1-1f2e3d4c": service, replica, attempt and the token's first eight digits.
std::string machine_name(const core::ServiceName& service, core::ReplicaId replica,
                         std::uint32_t attempt, const std::string& token);

// A part of a path made of a name: without slashes, never hidden.
std::string path_part(const std::string& name);

// Makes the directory with its order in one step: it is there whole, or not at all. Errors:
// already_exists, permission, no_space, io.
core::Result<void> create_machine(const std::filesystem::path& directory,
                                  const MachineOrder& order);

// Removes it in one step, however much is in it.
void remove_machine(const std::filesystem::path& directory);

// All machines below, and finishes what a killed daemon left half made or half removed.
std::vector<std::filesystem::path> list_machines(const std::filesystem::path& directory);

// Keeps the newest `count` files of a directory.
void keep_newest(const std::filesystem::path& directory, std::size_t count);

}  // namespace sky::adapters::sandbox
