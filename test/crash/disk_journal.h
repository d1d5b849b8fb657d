// What a disk may hold after a power cut at any moment of the past.
//
// The journal observes a directory and remembers each change. cut() then takes the changes up to
// one moment and loses of them what no sync had made durable: of file contents by sectors of 512
// bytes (kept, dropped, zeroed, garbage, cut short; a sector written over is old or new), of a
// directory's entries everything after some moment, each directory for itself. That is what POSIX
// allows, and more than the usual file systems do: nothing counts but fsync of that very file and
// of that very directory. Record from any thread; the rest from one.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "test/crash/disk_calls.h"

namespace sky::events {

using Random = std::mt19937_64;
inline std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

// What happened to the bytes of a file that were not synced.
enum class Tearing { kept, dropped, cut, first_sector_lost, zeroes, garbage };
inline constexpr std::array tearing_names = {"kept",   "dropped", "cut", "first sector lost",
                                             "zeroed", "garbage"};

class DiskJournal final : public DiskObserver {
 public:
  // What is in the directory now is durable.
  explicit DiskJournal(const std::filesystem::path& directory);

  // Changes so far. Any thread.
  std::size_t size() const;
  const DiskCall& change(std::size_t number) const { return changes_[number]; }

  // Writes into `to` (which must not exist) what is left when the power goes before the change with
  // the number `moment`. Answers how the unsynced contents were torn.
  Tearing cut(std::size_t moment, Random& random, const std::filesystem::path& to) const;

  int refusal(const DiskCall&) override { return 0; }
  void happened(DiskCall call) override;

 private:
  const std::filesystem::path directory_;
  std::map<std::string, std::string> before_;  // path below the directory -> content
  std::vector<std::string> directories_before_;
  mutable std::mutex mutex_;
  std::vector<DiskCall> changes_;
};

}  // namespace sky::events
