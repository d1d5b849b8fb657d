// The compiler's default turns open() into open64(); here both are defined, as what they are.
#undef _FILE_OFFSET_BITS
#include "test/crash/disk_calls.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <utility>

#include "core/check.h"

namespace sky::events {
namespace {

using What = DiskCall::What;

std::recursive_mutex observing;  // guards both below; held during a call that is observed
std::string root;
DiskObserver* observer = nullptr;

bool is_below_root(const std::string& path) {
  return observer != nullptr && path.size() > root.size() && path.starts_with(root) &&
         path[root.size()] == '/';
}

// The file's path now, also when it was renamed after it was opened; empty when it is nobody's.
std::string path_of(int file) {
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  char path[PATH_MAX];
  const long size = ::syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
}

std::string path_at(int directory, const char* name) {
  std::filesystem::path path(name);
  if (path.is_relative()) {
    path = (directory == AT_FDCWD ? std::filesystem::current_path()
                                  : std::filesystem::path(path_of(directory))) /
           path;
  }
  path = path.lexically_normal();
  return path.has_filename() ? path.string() : path.parent_path().string();
}

bool exists(const std::string& path) {
  return ::syscall(SYS_faccessat, AT_FDCWD, path.c_str(), F_OK) == 0;
}

// Performs the call if the observer has nothing against it, and tells it when it succeeded.
// `perform` returns -1 and sets errno, as system calls do.
template <class Perform>
long observed(DiskCall call, const Perform& perform) {
  if (const int refused = observer->refusal(call); refused != 0) {
    errno = refused;
    return -1;
  }
  const long result = perform();
  if (result < 0) return result;
  if (call.what == What::write) call.data.resize(static_cast<std::size_t>(result));
  observer->happened(std::move(call));
  return result;
}

long do_open(int directory, const char* name, int flags, mode_t mode) {
  const auto perform = [&] { return ::syscall(SYS_openat, directory, name, flags, mode); };
  const std::lock_guard guard(observing);
  if (observer == nullptr || (flags & (O_CREAT | O_TRUNC)) == 0) return perform();
  const std::string path = path_at(directory, name);
  if (!is_below_root(path) || ((flags & O_TMPFILE) == O_TMPFILE)) return perform();
  if (!exists(path)) return observed({What::create, path, "", 0, ""}, perform);
  if ((flags & O_TRUNC) == 0) return perform();
  return observed({What::resize, path, "", 0, ""}, perform);
}

long do_write(int file, const void* data, std::size_t size, off64_t offset) {
  const bool is_positioned = offset >= 0;
  const auto perform = [&] {
    return is_positioned ? ::syscall(SYS_pwrite64, file, data, size, offset)
                         : ::syscall(SYS_write, file, data, size);
  };
  const std::lock_guard guard(observing);
  if (observer == nullptr) return perform();
  const std::string path = path_of(file);
  if (!is_below_root(path)) return perform();
  if (!is_positioned) {
    const bool appends = (::syscall(SYS_fcntl, file, F_GETFL) & O_APPEND) != 0;
    offset = ::syscall(SYS_lseek, file, off64_t{0}, appends ? SEEK_END : SEEK_CUR);
  }
  return observed({What::write, path, "", static_cast<std::uint64_t>(offset),
                   std::string(static_cast<const char*>(data), size)},
                  perform);
}

long do_sync(int file, long number) {
  const std::lock_guard guard(observing);
  const std::string path = observer != nullptr ? path_of(file) : std::string();
  const bool is_root = observer != nullptr && path == root;
  if (!is_root && !is_below_root(path)) return ::syscall(number, file);
  return observed({What::sync, path, "", 0, ""}, [] { return 0L; });
}

long do_resize(const std::string& path, off64_t size, const auto& perform) {
  if (!is_below_root(path)) return perform();
  return observed({What::resize, path, "", static_cast<std::uint64_t>(size), ""}, perform);
}

int do_allocate(int file, off64_t offset, off64_t size) {
  const auto perform = [&] { return ::syscall(SYS_fallocate, file, 0, offset, size); };
  const std::lock_guard guard(observing);
  const std::string path = observer != nullptr ? path_of(file) : std::string();
  const off64_t before = ::syscall(SYS_lseek, file, off64_t{0}, SEEK_END);
  return do_resize(path, std::max(before, offset + size), perform) == 0 ? 0 : errno;
}

long do_named(What what, int directory, const char* name, const char* to, const auto& perform) {
  const std::lock_guard guard(observing);
  if (observer == nullptr) return perform();
  const std::string path = path_at(directory, name);
  if (!is_below_root(path)) return perform();
  return observed({what, path, to != nullptr ? path_at(AT_FDCWD, to) : "", 0, ""}, perform);
}

long do_send(int to, int from, off64_t* offset, std::size_t size) {
  const auto perform = [&] { return ::syscall(SYS_sendfile, to, from, offset, size); };
  const std::lock_guard guard(observing);
  const std::string path = observer != nullptr ? path_of(to) : std::string();
  if (!is_below_root(path)) return perform();
  const off64_t begin =
      offset != nullptr ? *offset : ::syscall(SYS_lseek, from, off64_t{0}, SEEK_CUR);
  const off64_t at = ::syscall(SYS_lseek, to, off64_t{0}, SEEK_CUR);
  std::string data(size, '\0');
  const long got = ::syscall(SYS_pread64, from, data.data(), size, begin);
  data.resize(static_cast<std::size_t>(std::max(got, 0L)));
  return observed({What::write, path, "", static_cast<std::uint64_t>(at), std::move(data)},
                  perform);
}

}  // namespace

DiskObservation::DiskObservation(std::string directory, DiskObserver& seen_by) {
  const std::lock_guard guard(observing);
  SKY_CHECK(observer == nullptr, "one disk is observed at a time");
  root = std::move(directory);
  observer = &seen_by;
}

DiskObservation::~DiskObservation() {
  const std::lock_guard guard(observing);
  observer = nullptr;
}

}  // namespace sky::events

// ---- what the linker finds in the place of libc's

using namespace sky::events;

namespace {
mode_t mode_in(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}
}  // namespace

// The four forms of open() take their mode from a variable argument list.
#define SKY_OPEN(directory, name, flags)         \
  va_list arguments;                             \
  va_start(arguments, flags);                    \
  const mode_t mode = mode_in(flags, arguments); \
  va_end(arguments);                             \
  return static_cast<int>(do_open(directory, name, flags, mode))

extern "C" {

int open(const char* name, int flags, ...) { SKY_OPEN(AT_FDCWD, name, flags); }
int open64(const char* name, int flags, ...) { SKY_OPEN(AT_FDCWD, name, flags); }
int openat(int directory, const char* name, int flags, ...) { SKY_OPEN(directory, name, flags); }
int openat64(int directory, const char* name, int flags, ...) { SKY_OPEN(directory, name, flags); }

ssize_t write(int file, const void* data, size_t size) { return do_write(file, data, size, -1); }
ssize_t pwrite(int file, const void* data, size_t size, off_t offset) {
  return do_write(file, data, size, offset);
}
ssize_t pwrite64(int file, const void* data, size_t size, off64_t offset) {
  return do_write(file, data, size, offset);
}
ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
  return do_send(to, from, offset, size);
}
ssize_t sendfile64(int to, int from, off64_t* offset, size_t size) {
  return do_send(to, from, offset, size);
}

int fsync(int file) { return static_cast<int>(do_sync(file, SYS_fsync)); }
int fdatasync(int file) { return static_cast<int>(do_sync(file, SYS_fdatasync)); }
int sync_file_range(int, off64_t, off64_t, unsigned) { return 0; }  // promises nothing anyway

int ftruncate(int file, off_t size) noexcept {
  const std::lock_guard guard(observing);
  return static_cast<int>(
      do_resize(path_of(file), size, [&] { return ::syscall(SYS_ftruncate, file, size); }));
}
int ftruncate64(int file, off64_t size) noexcept { return ::ftruncate(file, size); }
int truncate(const char* name, off_t size) noexcept {
  const std::lock_guard guard(observing);
  return static_cast<int>(do_resize(path_at(AT_FDCWD, name), size,
                                    [&] { return ::syscall(SYS_truncate, name, size); }));
}
int truncate64(const char* name, off64_t size) noexcept { return ::truncate(name, size); }
// Reserves space and changes nothing one can see: left out, as it takes most of the time.
int fallocate(int file, int mode, off_t offset, off_t size) {
  {
    const std::lock_guard guard(observing);
    const bool is_ours = observer != nullptr && is_below_root(path_of(file));
    if (is_ours && mode == FALLOC_FL_KEEP_SIZE) return 0;
  }
  return static_cast<int>(::syscall(SYS_fallocate, file, mode, offset, size));
}
int posix_fallocate(int file, off_t offset, off_t size) { return do_allocate(file, offset, size); }
int posix_fallocate64(int file, off64_t offset, off64_t size) {
  return do_allocate(file, offset, size);
}

// RocksDB waits a second after a flush that failed; with a disk that fails on purpose, in vain.
int usleep(useconds_t duration) {
  {
    const std::lock_guard guard(observing);
    if (observer != nullptr) return 0;
  }
  const timespec time{duration / 1'000'000, duration % 1'000'000 * 1'000L};
  return static_cast<int>(::syscall(SYS_nanosleep, &time, nullptr));
}

int rename(const char* name, const char* to) noexcept {
  return static_cast<int>(do_named(DiskCall::What::rename, AT_FDCWD, name, to,
                                   [&] { return ::syscall(SYS_rename, name, to); }));
}
int link(const char* name, const char* to) noexcept {
  return static_cast<int>(do_named(DiskCall::What::link, AT_FDCWD, name, to,
                                   [&] { return ::syscall(SYS_link, name, to); }));
}
int mkdir(const char* name, mode_t mode) noexcept {
  return static_cast<int>(do_named(DiskCall::What::make_directory, AT_FDCWD, name, nullptr,
                                   [&] { return ::syscall(SYS_mkdir, name, mode); }));
}
int unlinkat(int directory, const char* name, int flags) noexcept {
  return static_cast<int>(do_named(DiskCall::What::remove, directory, name, nullptr, [&] {
    return ::syscall(SYS_unlinkat, directory, name, flags);
  }));
}
int unlink(const char* name) noexcept { return ::unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char* name) noexcept { return ::unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
int remove(const char* name) noexcept {
  const int removed = ::unlink(name);
  return removed == 0 || (errno != EISDIR && errno != EPERM) ? removed : ::rmdir(name);
}

}  // extern "C"
