// Plain blocking sockets for tests: a client, a replica played by hand, and a balancer on its own
// loop thread. Every wait is bounded; one that fails says what it had read.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lb/balancer.h"

namespace sky::lb {

using namespace std::chrono_literals;

inline constexpr auto patience = 5s;

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
    BOOST_REQUIRE_MESSAGE(failed == 0, "cannot connect to port " << port);
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
    BOOST_REQUIRE_MESSAGE(found != std::string::npos,
                          "no '" << mark << "', but (" << end_ << "): " << read_);
    return take(found + mark.size());
  }
  std::string read_head() { return read_until("\r\n\r\n"); }
  std::string read_bytes(std::size_t size) {
    while (read_.size() < size && fill()) {
    }
    BOOST_REQUIRE_MESSAGE(read_.size() >= size, "only (" << end_ << "): " << read_);
    return take(size);
  }
  std::string read_to_end() {
    while (fill()) {
    }
    BOOST_TEST(end_ != "timeout", "the peer did not close; read: " << read_);
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
    BOOST_REQUIRE_MESSAGE(has_connection(), "no connection came to the replica");
    return Peer(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

inline std::uint16_t free_port() { return Origin().port(); }

// A balancer on its own thread, with one service "svc".
class TestBalancer {
 public:
  explicit TestBalancer(BalancerOptions options = {}) : port(free_port()) {
    service.name = "svc";
    service.port = port;
    service.balancer.hold_timeout = core::seconds(30);
    std::promise<void> ready;
    thread_ = std::thread([this, options, &ready] {
      adapters::Reactor reactor;
      {
        Balancer made(reactor, options, [this](core::InputBody body) {
          const std::lock_guard lock(mutex_);
          reports_.push_back(std::move(body));
        });
        reactor_ = &reactor;
        balancer_ = &made;
        ready.set_value();
        reactor.run();
      }
    });
    ready.get_future().wait();
    publish();
  }
  ~TestBalancer() {
    reactor_->post([this] { reactor_->stop(); });
    thread_.join();
  }

  template <class Use>
  auto on_loop(Use use) {
    using Value = decltype(use(*balancer_));
    std::promise<Value> done;
    reactor_->post([&] {
      if constexpr (std::is_void_v<Value>) {
        use(*balancer_);
        done.set_value();
      } else {
        done.set_value(use(*balancer_));
      }
    });
    return done.get_future().get();
  }

  // Makes `service` the whole table.
  void publish() {
    core::RoutingSnapshot table;
    table.services[service.name] = service;
    on_loop([&](Balancer& balancer) { balancer.apply(table); });
  }
  core::Route& route(std::uint32_t id) { return service.routes[core::ReplicaId{id}]; }
  void add_replica(std::uint32_t id, std::uint16_t replica_port) {
    core::Route& made = route(id);
    made.replica = {id};
    made.host = "127.0.0.1";
    made.port = replica_port;
    made.state = core::RouteState::ready;
    publish();
  }

  Peer client() const { return Peer::to(port); }
  Balancer::Counters counters() {
    return on_loop([](Balancer& balancer) { return balancer.counters(); });
  }
  // Waits until `condition` of the counters holds.
  bool reaches(const std::function<bool(const Balancer::Counters&)>& condition) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
      if (condition(counters())) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }
  bool becomes_idle() {
    return reaches([](const Balancer::Counters& now) {
      return now.in_flight == 0 && now.held == 0 && now.client_connections == 0 &&
             now.replay_bytes == 0;
    });
  }
  // The first report of this type that `wanted` accepts; waits for it.
  template <class Body>
  std::optional<Body> report(const std::function<bool(const Body&)>& wanted) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
      {
        const std::lock_guard lock(mutex_);
        for (const core::InputBody& body : reports_) {
          const Body* found = std::get_if<Body>(&body);
          if (found != nullptr && wanted(*found)) return *found;
        }
      }
      std::this_thread::sleep_for(1ms);
    }
    return std::nullopt;
  }
  bool reports_change(std::uint32_t replica, core::EndpointChange change) {
    return report<core::ReplicaReported>([=](const core::ReplicaReported& reported) {
             return reported.replica.value == replica && reported.change == change;
           })
        .has_value();
  }
  std::vector<core::InputBody> reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

  const std::uint16_t port;
  core::RoutedService service;

 private:
  std::thread thread_;
  adapters::Reactor* reactor_ = nullptr;
  Balancer* balancer_ = nullptr;
  std::mutex mutex_;
  std::vector<core::InputBody> reports_;
};

inline std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: svc\r\n\r\n";
}
inline std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: svc\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}
inline std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}
inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace sky::lb
