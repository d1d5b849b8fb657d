// One side of a connection, on plain blocking sockets.
//
// Every wait is bounded; one that fails throws and says what it had read. Any thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sky::lb {

using namespace std::chrono_literals;

inline constexpr auto patience = 20s;  // until a test fails: machines may be slow

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One side of a connection.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), read_(std::move(other.read_)) {}
  Peer& operator=(Peer&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    read_ = std::move(other.read_);
    return *this;
  }
  ~Peer() { close(); }

  static Peer to(std::uint16_t port) {
    Peer peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    const int failed =
        connect(peer.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (failed != 0) throw std::runtime_error("cannot connect to port " + std::to_string(port));
    return peer;
  }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {  // RST, as a killed process with unread input leaves
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  Peer& write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return *this;
  }

  // Reads until `mark` came, and takes everything up to its end.
  std::string read_until(std::string_view mark) {
    std::size_t found = read_.find(mark);
    while (found == std::string::npos && fill()) found = read_.find(mark);
    if (found == std::string::npos) fail("no '" + std::string(mark) + "'");
    return take(found + mark.size());
  }
  std::string read_head() { return read_until("\r\n\r\n"); }
  std::string read_bytes(std::size_t size) {
    while (read_.size() < size && fill()) {
    }
    if (read_.size() < size) fail("too few bytes");
    return take(size);
  }
  std::string read_to_end() {
    while (fill()) {
    }
    if (end_ == "timeout") fail("no end");
    return take(read_.size());
  }
  // Head and body of a response or request that says its length or is chunked (left encoded).
  std::string read_message() {
    std::string head = read_head();
    if (head.find("Transfer-Encoding: chunked") != std::string::npos) {
      return head + read_until("0\r\n\r\n");
    }
    const std::size_t at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    return head + read_bytes(std::stoul(head.substr(at + 16)));
  }
  bool is_silent_for(std::chrono::milliseconds time) {
    pollfd poll_fd{fd_, POLLIN, 0};
    return read_.empty() && poll(&poll_fd, 1, static_cast<int>(time.count())) == 0;
  }
  const std::string& end() const { return end_; }  // "closed", "reset", "timeout"
  int fd() const { return fd_; }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + ", but (" + end_ + "): " + read_.substr(0, 2000));
  }
  std::string take(std::size_t size) {
    std::string taken = read_.substr(0, size);
    read_.erase(0, size);
    return taken;
  }
  bool fill() {
    pollfd poll_fd{fd_, POLLIN, 0};
    if (poll(&poll_fd, 1,
             std::chrono::duration_cast<std::chrono::milliseconds>(patience).count()) <= 0) {
      end_ = "timeout";
      return false;
    }
    char buffer[65536];
    const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
    if (size <= 0) {
      end_ = size == 0 ? "closed" : "reset";
      return false;
    }
    read_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  int fd_ = -1;
  std::string read_;
  std::string end_ = "open";
};

}  // namespace sky::lb
