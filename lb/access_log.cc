#include "lb/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <utility>

namespace sky::lb {
namespace {

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

std::uint64_t to_us(core::Duration duration) {
  return duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
}

}  // namespace

LogFile::~LogFile() {
  if (fd_ >= 0) close(fd_);
}

void AccessLog::append_time(core::WallTime when) {
  const std::int64_t us = when.time_since_epoch().count();
  const std::int64_t second = us / 1'000'000;
  if (second != std::exchange(second_, second)) {
    const std::time_t seconds = second;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
    second_text_.assign(text.data(), size);
  }
  const auto ms = static_cast<int>(us / 1000 % 1000);
  const char digits[] = {static_cast<char>('0' + ms / 100), static_cast<char>('0' + ms / 10 % 10),
                         static_cast<char>('0' + ms % 10), 'Z', ' '};
  pending_.append(second_text_).append({digits, sizeof digits});
}

void AccessLog::add(const AccessLine& line) {
  if (!file_.is_wanted()) return;
  append_time(line.when);
  pending_.append(line.service).append(' ').append_number(line.replica.value).append(' ');
  pending_.append(or_dash(line.method)).append(' ');
  pending_.append(or_dash(line.target.substr(0, line.target.find('?')))).append(' ');
  pending_.append_number(static_cast<std::uint64_t>(line.status));
  pending_.append(" bytes=").append_number(line.bytes_out);
  pending_.append(" queue_us=").append_number(to_us(line.queue));
  pending_.append(" connect_us=").append_number(to_us(line.connect));
  pending_.append(" ttfb_us=").append_number(to_us(line.first_byte));
  pending_.append(" total_us=").append_number(to_us(line.total));
  pending_.append(" attempts=").append_number(line.attempts);
  pending_.append(" cause=").append(to_text(line.cause));
  pending_.append(" pick=").append(to_text(line.pick));
  pending_.append(" id=").append(or_dash(line.request_id));
  pending_.append(" trace=").append(or_dash(line.trace_id)).append('\n');
  if (pending_.size() >= block_bytes) flush();
}

bool LogFile::open() {
  if (fd_ >= 0) return true;
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat status {};
  if (fd_ >= 0 && fstat(fd_, &status) == 0)
    file_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return fd_ >= 0;
}

void LogFile::rotate() {
  close(fd_);
  fd_ = -1;
  std::error_code ignored;  // then the same file grows on, and this is tried again
  std::filesystem::rename(path_, path_.string() + ".1", ignored);
}

void LogFile::write(std::string_view block) {
  const std::lock_guard lock(mutex_);
  if (!open()) {
    lost_bytes_ += block.size();
    return;
  }
  const ssize_t written = ::write(fd_, block.data(), block.size());
  const std::size_t done = written > 0 ? static_cast<std::size_t>(written) : 0;
  lost_bytes_ += block.size() - done;
  file_bytes_ += done;
  if (file_bytes_ >= max_file_bytes) rotate();
}

void AccessLog::flush() {
  if (!pending_.empty()) file_.write(pending_);
  pending_.clear();
}

}  // namespace sky::lb
