#include "adapters/sandbox/machine_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>

#include "adapters/durable_file.h"

namespace sky::adapters::sandbox {
namespace {

// Names that no machine has: what carries them is not finished, or is done with.
constexpr const char* new_prefix = ".new-";
constexpr const char* old_prefix = ".old-";

}  // namespace

std::string path_part(const std::string& name) {
  std::string part = name;
  for (char& byte : part) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '-' ||
                          byte == '_' || byte == '.';
    if (!is_plain) byte = '-';
  }
  if (part.empty() || part.front() == '.') part.insert(0, "-");
  return part;
}

std::string machine_name(const core::ServiceName& service, core::ReplicaId replica,
                         std::uint32_t attempt, const std::string& token) {
  return "sky-" + path_part(service) + "-" + std::to_string(replica.value) + "-" +
         std::to_string(attempt) + "-" + path_part(token.substr(0, 8));
}

core::Result<void> create_machine(const std::filesystem::path& directory,
                                  const MachineOrder& order) {
  const auto parent = directory.parent_path();
  if (auto made = make_private_directory(parent); !made) return made;
  const auto unfinished = parent / (new_prefix + directory.filename().string());
  std::error_code ignored;
  std::filesystem::remove_all(unfinished, ignored);
  if (auto made = make_private_directory(unfinished); !made) return made;
  if (auto written = write_order(unfinished, order); !written) return written;
  if (renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, directory.c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  const int error_number = errno;
  std::filesystem::remove_all(unfinished, ignored);
  if (error_number == EEXIST) {
    return core::Error{core::ErrorCode::already_exists, directory.string() + " exists"};
  }
  return system_error("cannot make " + directory.string(), error_number);
}

void remove_machine(const std::filesystem::path& directory) {
  const auto old = directory.parent_path() / (old_prefix + directory.filename().string());
  std::error_code ignored;
  std::filesystem::remove_all(old, ignored);
  std::filesystem::rename(directory, old, ignored);
  std::filesystem::remove_all(old, ignored);
}

std::vector<std::filesystem::path> list_machines(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> machines;
  std::error_code ignored;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename();
    const bool is_leftover = name.starts_with(new_prefix) || name.starts_with(old_prefix);
    if (is_leftover) leftovers.push_back(entry.path());
    if (!is_leftover && entry.is_directory(ignored)) machines.push_back(entry.path());
  }
  for (const auto& leftover : leftovers) std::filesystem::remove_all(leftover, ignored);
  std::sort(machines.begin(), machines.end());
  return machines;
}

void keep_newest(const std::filesystem::path& directory, std::size_t count) {
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    files.emplace_back(entry.last_write_time(ignored), entry.path());
  }
  if (files.size() <= count) return;
  std::sort(files.begin(), files.end());
  files.resize(files.size() - count);
  for (const auto& [time, path] : files) std::filesystem::remove(path, ignored);
}

}  // namespace sky::adapters::sandbox
