// Looking at and damaging the files of a log from outside, as a disk or a person would.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>

#include "core/check.h"
#include "events/opening.h"

namespace sky::events {

// Where thousands of small logs come and go quickest: in memory, if the system has such a place.
inline std::filesystem::path quick_place() {
  const char* memory = "/dev/shm";
  return ::access(memory, W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
}

inline std::string file_content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void set_file_content(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// The newest file of the database with that ending, or of that name: ".log" is the live write-ahead
// log, "MANIFEST" the list of files.
inline std::filesystem::path newest_file(const std::filesystem::path& log, const char* ending) {
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(log / database_name)) {
    const auto& path = entry.path();
    const bool is_meant =
        path.extension() == ending || path.filename().string().starts_with(ending);
    if (is_meant && path.filename() > newest.filename()) newest = path;
  }
  SKY_CHECK(!newest.empty(), "a database has such a file");
  return newest;
}

inline void flip_bit(const std::filesystem::path& path, std::size_t offset) {
  std::string content = file_content(path);
  SKY_CHECK(offset < content.size(), "the bit is inside the file");
  content[offset] = static_cast<char>(content[offset] ^ 4);
  set_file_content(path, content);
}

// Every file below a directory, with its size.
inline std::map<std::filesystem::path, std::uintmax_t> listing(const std::filesystem::path& dir) {
  std::map<std::filesystem::path, std::uintmax_t> files;
  std::error_code vanished;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir, vanished))
    if (entry.is_regular_file(vanished)) files[entry.path()] = entry.file_size(vanished);
  return files;
}

// What is on the disk when the process is killed now: everything written, synced or not. A living
// database flushes and deletes files behind us; a copy counts only if nothing moved meanwhile.
inline void copy_as_killed(const std::filesystem::path& from, const std::filesystem::path& to) {
  constexpr int patience = 500;  // tries, 10 ms apart: a flush takes milliseconds
  for (int tries = 0; tries < patience; ++tries) {
    const auto before = listing(from);
    std::error_code vanished;
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive, vanished);
    if (!vanished && listing(from) == before) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  SKY_CHECK(false, "a log that takes no more events comes to rest");
}

}  // namespace sky::events
