// Small files that are whole or absent, never half: written beside, fsynced, renamed.
//
// For secrets and for the sandbox's records, not for streams. Files are 0600, directories 0700.
// Calls block on the disk. Any thread. Errors: permission, no_space, not_found, io.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

namespace sky::adapters {

// Replaces the file; when it returns, a power cut cannot bring the old content back.
core::Result<void> write_file_durably(const std::filesystem::path& path, std::string_view content);

// Replaces the file in one step, without waiting for the disk: safe against a killed process, not
// against a power cut. For what a reboot makes worthless anyway.
core::Result<void> write_file_atomically(const std::filesystem::path& path,
                                         std::string_view content);

core::Result<std::string> read_file(const std::filesystem::path& path,
                                    std::size_t max_bytes = std::size_t{16} << 20);

// The directory and its missing parents, each made with 0700.
core::Result<void> make_private_directory(const std::filesystem::path& path);

// An Error for the errno of a failed system call: "cannot write PATH: No space left on device".
core::Error system_error(const std::string& what, int error_number);

}  // namespace sky::adapters
