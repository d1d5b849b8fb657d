#include "adapters/sandbox/bounded_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "adapters/durable_file.h"
#include "adapters/json.h"

namespace sky::adapters::sandbox {
namespace {

constexpr std::size_t max_tail_bytes = 2048;
constexpr int max_tail_lines = 10;

}  // namespace

BoundedLog::BoundedLog(std::filesystem::path path) : path_(std::move(path)) {
  (void)make_private_directory(path_.parent_path());
  open_file();
}

BoundedLog::~BoundedLog() {
  if (fd_ >= 0) close(fd_);
}

void BoundedLog::open_file() {
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat status {};
  size_ = fd_ >= 0 && fstat(fd_, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

void BoundedLog::append(std::string_view output) {
  tail_.append(output.substr(output.size() - std::min(output.size(), max_tail_bytes)));
  if (tail_.size() > max_tail_bytes) tail_.erase(0, tail_.size() - max_tail_bytes);
  if (size_ > 0 && size_ + output.size() > max_log_bytes) {
    if (fd_ >= 0) close(fd_);
    std::error_code ignored;
    std::filesystem::rename(path_, path_.string() + ".1", ignored);
    open_file();
  }
  while (fd_ >= 0 && !output.empty()) {
    const ssize_t written = write(fd_, output.data(), output.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    size_ += static_cast<std::size_t>(written);
    output.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string BoundedLog::last_lines() const {
  std::string_view text = tail_;
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t begin = text.size();
  for (int lines = 0; lines < max_tail_lines && begin != 0; ++lines) {
    const std::size_t newline = text.rfind('\n', begin - 1);
    begin = newline == std::string_view::npos ? 0 : newline;
  }
  if (begin < text.size() && text[begin] == '\n') ++begin;
  return repaired_utf8(text.substr(begin));
}

}  // namespace sky::adapters::sandbox
