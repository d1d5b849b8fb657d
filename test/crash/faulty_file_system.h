// A file system for RocksDB that fails when told to, in the write-ahead log only, counts what was
// synced, and leaves syncing out, so that thousands of commits take no time. Any thread.
//
// disk_calls.h does more, for all files of a log; this needs nothing of the program it is in.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace sky::events {

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  enum class Fault { none, sync_fails, write_finds_no_space };

  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "faulty"; }

  void set_fault(Fault fault) {
    const std::lock_guard guard(mutex_);
    fault_ = fault;
  }
  // Bytes synced of all files ever written whose name ends so, the deleted ones too.
  std::uint64_t synced_bytes(const std::string& ending) const {
    const std::lock_guard guard(mutex_);
    std::uint64_t bytes = 0;
    for (const auto& [name, size] : synced_) bytes += name.ends_with(ending) ? size : 0;
    return bytes;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    const auto status = FileSystemWrapper::NewWritableFile(path, options, file, debug);
    if (status.ok()) *file = std::make_unique<File>(std::move(*file), *this, path);
    return status;
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile> file, FaultyFileSystem& owner,
         const std::string& path)
        : FSWritableFileOwnerWrapper(std::move(file)),
          owner_(owner),
          name_(path.substr(path.rfind('/') + 1)),
          is_wal_(name_.ends_with(".log")) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (has_fault(Fault::write_finds_no_space)) return rocksdb::IOStatus::NoSpace("injected");
      return target()->Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&,
                             rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      return remember(options, debug);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return remember(options, debug);
    }
    bool IsSyncThreadSafe() const override { return true; }

   private:
    bool has_fault(Fault fault) {
      const std::lock_guard guard(owner_.mutex_);
      return is_wal_ && owner_.fault_ == fault;
    }
    rocksdb::IOStatus remember(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) {
      if (has_fault(Fault::sync_fails)) return rocksdb::IOStatus::IOError("injected");
      const auto flushed = target()->Flush(options, debug);
      const std::uint64_t size = target()->GetFileSize(options, debug);
      const std::lock_guard guard(owner_.mutex_);
      owner_.synced_[name_] = size;
      return flushed;
    }

    FaultyFileSystem& owner_;
    const std::string name_;
    const bool is_wal_;
  };

  mutable std::mutex mutex_;  // guards what follows
  Fault fault_ = Fault::none;
  std::map<std::string, std::uint64_t> synced_;
};

// The file system and an environment on it, for RocksTuning.
struct FaultyDisk {
  std::shared_ptr<FaultyFileSystem> files = std::make_shared<FaultyFileSystem>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
};

}  // namespace sky::events
