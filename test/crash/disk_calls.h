// Every call of this process that changes files under one directory, seen before it happens.
//
// disk_calls.cc takes the place of libc's functions for the whole program: our own code, RocksDB
// and the standard library's filesystem alike. While an observer is set, calls below its directory
// are serialized, may be refused by it, and are told to it; syncing is told and left out, so that
// thousands of commits take no time. Whatever lies elsewhere is passed on untouched. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace sky::events {

struct DiskCall {
  enum class What { create, write, resize, sync, rename, link, remove, make_directory };
  What what{};
  std::string path;  // absolute
  std::string to;  // rename, link
  std::uint64_t at = 0;  // write: offset; resize: the new size
  std::string data;  // write
};

class DiskObserver {
 public:
  virtual ~DiskObserver() = default;
  // The errno that the call fails with; 0: it may happen. It may write less than `data` then.
  virtual int refusal(const DiskCall& call) = 0;
  virtual void happened(DiskCall call) = 0;
};

// While it lives, `observer` sees what happens below `directory` (an absolute path without links).
// One at a time in a process.
class DiskObservation {
 public:
  DiskObservation(std::string directory, DiskObserver& observer);
  ~DiskObservation();
  DiskObservation(const DiskObservation&) = delete;
  DiskObservation& operator=(const DiskObservation&) = delete;
};

// Below the directory, syncing is left out, that is all.
class QuickDisk final : public DiskObserver {
 public:
  explicit QuickDisk(const std::filesystem::path& directory)
      : observation_(directory.string(), *this) {}
  int refusal(const DiskCall&) override { return 0; }
  void happened(DiskCall) override {}

 private:
  DiskObservation observation_;
};

}  // namespace sky::events
