#include "lb/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "lb/message_writer.h"

namespace sky::lb {
namespace {

void append_digits(std::string& out, std::uint64_t number, std::size_t width) {
  const std::size_t end = out.size() + width;
  out.resize(end);
  for (std::size_t i = 1; i <= width; ++i, number /= 10) {
    out[end - i] = static_cast<char>('0' + number % 10);
  }
}

void append_time(std::string& out, core::WallTime when) {
  const std::int64_t us = when.time_since_epoch().count();
  const std::time_t seconds = us / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  const auto number = [](int value) { return static_cast<std::uint64_t>(value); };
  append_digits(out, number(parts.tm_year + 1900), 4);
  out += '-';
  append_digits(out, number(parts.tm_mon + 1), 2);
  out += '-';
  append_digits(out, number(parts.tm_mday), 2);
  out += 'T';
  append_digits(out, number(parts.tm_hour), 2);
  out += ':';
  append_digits(out, number(parts.tm_min), 2);
  out += ':';
  append_digits(out, number(parts.tm_sec), 2);
  out += '.';
  append_digits(out, static_cast<std::uint64_t>(us / 1000 % 1000), 3);
  out += 'Z';
}

void append_field(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(name);
  append_number(out, value);
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

std::uint64_t to_us(core::Duration duration) {
  return duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
}

}  // namespace

AccessLog::~AccessLog() {
  flush();
  if (fd_ >= 0) close(fd_);
}

void AccessLog::add(const AccessLine& line) {
  if (path_.empty()) return;
  append_time(pending_, line.when);
  pending_.append(" ").append(line.service).append(" ");
  append_number(pending_, line.replica.value);
  pending_.append(" ").append(or_dash(line.method));
  pending_.append(" ").append(or_dash(line.target.substr(0, line.target.find('?')))).append(" ");
  append_number(pending_, static_cast<std::uint64_t>(line.status));
  append_field(pending_, " bytes=", line.bytes_out);
  append_field(pending_, " queue_us=", to_us(line.queue));
  append_field(pending_, " connect_us=", to_us(line.connect));
  append_field(pending_, " ttfb_us=", to_us(line.first_byte));
  append_field(pending_, " total_us=", to_us(line.total));
  append_field(pending_, " attempts=", line.attempts);
  pending_.append(" cause=").append(to_text(line.cause));
  pending_.append(" pick=").append(to_text(line.pick));
  pending_.append(" id=").append(or_dash(line.request_id));
  pending_.append(" trace=").append(or_dash(line.trace_id)).append("\n");
  if (pending_.size() >= block_bytes) flush();
}

bool AccessLog::open() {
  if (fd_ >= 0) return true;
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat status {};
  if (fd_ >= 0 && fstat(fd_, &status) == 0)
    file_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return fd_ >= 0;
}

void AccessLog::rotate() {
  close(fd_);
  fd_ = -1;
  std::error_code ignored;  // then the same file grows on, and this is tried again
  std::filesystem::rename(path_, path_.string() + ".1", ignored);
}

void AccessLog::flush() {
  if (pending_.empty()) return;
  if (!open()) {
    lost_bytes_ += pending_.size();
    pending_.clear();
    return;
  }
  const ssize_t written = ::write(fd_, pending_.data(), pending_.size());
  const std::size_t done = written > 0 ? static_cast<std::size_t>(written) : 0;
  lost_bytes_ += pending_.size() - done;
  file_bytes_ += done;
  pending_.clear();
  if (file_bytes_ >= max_file_bytes) rotate();
}

}  // namespace sky::lb
