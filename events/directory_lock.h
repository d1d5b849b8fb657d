// One writer per log directory: a lock on the file `lock`, which holds the owner's pid.
//
// The system releases it when the process ends, however it ends. Private to events.
#pragma once

#include <filesystem>

#include "core/result.h"
#include "events/unique_fd.h"

namespace sky::events {

// Errors: locked (the text names the owner's pid), permission, no_space, io.
core::Result<UniqueFd> lock_directory(const std::filesystem::path& directory);

// Whether somebody holds that lock now.
bool is_directory_locked(const std::filesystem::path& directory);

}  // namespace sky::events
