// Replicas for tests: one played by hand, one that answers by itself until it is killed.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "test/lb/messages.h"
#include "test/lb/peer.h"

namespace sky::lb {

// A port that listens, played by the test: it accepts when the test says so.
class Origin {
 public:
  explicit Origin(std::uint16_t wanted_port = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = loopback(wanted_port);
    BOOST_REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    BOOST_REQUIRE(listen(fd_, 128) == 0);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  Origin(Origin&& other) noexcept : fd_(std::exchange(other.fd_, -1)), port_(other.port_) {}
  ~Origin() { close(); }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  std::uint16_t port() const { return port_; }
  int fd() const { return fd_; }

  bool has_connection(std::chrono::milliseconds wait = patience) const {
    pollfd poll_fd{fd_, POLLIN, 0};
    return poll(&poll_fd, 1, static_cast<int>(wait.count())) == 1;
  }
  Peer accept() {
    if (!has_connection()) throw std::runtime_error("no connection came to the replica");
    return Peer(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

inline std::uint16_t free_port() { return Origin().port(); }

// A replica that answers every request on its own threads, until it is killed.
class AutoOrigin {
 public:
  explicit AutoOrigin(std::string body, std::uint16_t wanted_port = 0,
                      std::chrono::milliseconds takes = 0ms)
      : origin_(wanted_port),
        body_(std::move(body)),
        takes_(takes),
        acceptor_([this] { accept_all(); }) {}
  ~AutoOrigin() { kill(); }

  std::uint16_t port() const { return origin_.port(); }

  // As SIGKILL does: every socket is gone at once.
  void kill() {
    if (dead_.exchange(true)) return;
    shutdown(origin_.fd(), SHUT_RDWR);
    acceptor_.join();
    origin_.close();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : fds_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  std::atomic<int> served{0};
  std::atomic<int> most_at_once{0};
  std::vector<std::string> paths() const {  // of the requests so far, in order
    const std::lock_guard lock(mutex_);
    return paths_;
  }

 private:
  void accept_all() {
    while (!dead_) {
      const int fd = accept4(origin_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      fds_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::string read;
    char buffer[4096];
    while (!dead_) {
      const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
      if (size <= 0) break;
      read.append(buffer, static_cast<std::size_t>(size));
      for (std::size_t at = read.find("\r\n\r\n"); at != std::string::npos;
           at = read.find("\r\n\r\n")) {
        begin(read);
        read.erase(0, at + 4);
        const std::string answer = ok(body_);
        --running_;
        if (dead_ || send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
        ++served;
      }
    }
    const std::lock_guard lock(mutex_);
    fds_.erase(std::find(fds_.begin(), fds_.end(), fd));
    ::close(fd);
  }

  void begin(const std::string& head) {
    const int now = ++running_;
    int most = most_at_once;
    while (now > most && !most_at_once.compare_exchange_weak(most, now)) {
    }
    const std::size_t path = head.find(' ') + 1;
    {
      const std::lock_guard lock(mutex_);
      paths_.push_back(head.substr(path, head.find(' ', path) - path));
    }
    if (takes_ > 0ms) std::this_thread::sleep_for(takes_);
  }

  Origin origin_;
  const std::string body_;
  const std::chrono::milliseconds takes_;
  std::atomic<int> running_{0};
  std::atomic<bool> dead_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> paths_;
  std::vector<int> fds_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace sky::lb
