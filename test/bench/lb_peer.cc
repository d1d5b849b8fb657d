// What a proxy is measured between, and ours as a process with nothing else: a server that costs
// little, a client that keeps it busy.
//
//   lb_peer serve PORT                     answers every request with 300 bytes of JSON; below
//                                          /stream/MS: a chunk of 130 bytes every MS, without end
//   lb_peer ask PORT CONNECTIONS SECONDS get|post [MAX]   each asks, reads, asks again
//   lb_peer watch PORT STREAMS SECONDS MS  reads that many streams
//   lb_peer idle PORT CONNECTIONS          each asks once and stays, until killed
//   lb_peer proxy HOME PORT BACKEND        the endpoint, as `skyctl lb` runs it
//
// Results are one JSON object on standard output. Raw epoll and no parsing beyond what is known to
// come: the proxy between them is to be the only one that works.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lb/latency_histogram.h"
#include "lb/main_loop.h"
#include "lb/table_cache.h"

namespace sky::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::string repeated(std::string_view text, std::size_t size) {
  std::string out;
  while (out.size() < size) out += text;
  return out.substr(0, size);
}

core::Duration since(Clock::time_point begin) {
  return std::chrono::duration_cast<core::Duration>(Clock::now() - begin);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[noreturn]] void give_up(const std::string& what) {
  std::cerr << "lb_peer: " << what << ": " << std::strerror(errno) << '\n';
  std::exit(1);
}

void watch_fd(int poll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll_ctl");
}

int connected(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    give_up("cannot connect to port " + std::to_string(port));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  static_cast<void>(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

// ---- the server

class Server {
 public:
  explicit Server(std::uint16_t port) : poll_(epoll_create1(EPOLL_CLOEXEC)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 4096) != 0) {
      give_up("cannot listen on port " + std::to_string(port));
    }
    watch_fd(poll_, listener_);
    const std::string body = "{\"answer\": \"" + repeated("words ", 286) + "\"}";
    answer_ = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body;
    const std::string event = "data: {\"token\": \"" + repeated("x", 110) + "\"}\n\n";
    chunk_ = "83\r\n" + event.substr(0, 0x83 - 2) + "\n\n\r\n";
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (true) {
      const int count = epoll_wait(poll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

 private:
  void handle(int fd) {
    if (fd == listener_) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (client < 0) return;
      const int on = 1;
      setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch_fd(poll_, client);
    } else if (fd == timer_) {
      tick();
    } else {
      serve(fd);
    }
  }
  void serve(int fd) {
    std::array<char, 65536> buffer;
    const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) {
      if (size < 0 && errno == EAGAIN) return;
      streams_.erase(std::remove(streams_.begin(), streams_.end(), fd), streams_.end());
      close(fd);
      return;
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    if (bytes.starts_with("GET /stream/")) {
      send_all(fd,
               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
               "Transfer-Encoding: chunked\r\n\r\n" +
                   chunk_);
      streams_.push_back(fd);
      if (timer_ < 0) start_timer(std::atoi(buffer.data() + 12));
    } else if (bytes.starts_with("GET ") || bytes.starts_with("POST ")) {
      send_all(fd, answer_);  // bodies are known to come with their heads
    }
  }
  void start_timer(int ms) {
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    itimerspec every{};
    every.it_interval.tv_nsec = every.it_value.tv_nsec = std::max(ms, 1) * 1'000'000L;
    timerfd_settime(timer_, 0, &every, nullptr);
    watch_fd(poll_, timer_);
  }
  void tick() {
    std::uint64_t ignored = 0;
    if (read(timer_, &ignored, sizeof ignored) < 0) return;
    for (const int fd : streams_) send_all(fd, chunk_);
  }

  int poll_;
  int listener_ = -1;
  int timer_ = -1;
  std::string answer_;
  std::string chunk_;
  std::vector<int> streams_;
};

// ---- clients

std::string get_request() { return "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"; }

// As OpenAI's Python client sends them.
std::string post_request() {
  const std::string body = R"({"model": "llama3", "messages": [{"role": "user", "content": ")" +
                           repeated("Who are you, and why? ", 940) + "\"}]}";
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:30001\r\n"
         "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nAccept: application/json\r\n"
         "Content-Type: application/json\r\nUser-Agent: OpenAI/Python 1.30.1\r\n"
         "X-Stainless-Lang: python\r\nX-Stainless-Package-Version: 1.30.1\r\n"
         "X-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r\n"
         "X-Stainless-Runtime-Version: 3.11.2\r\nAuthorization: Bearer none\r\n"
         "X-Stainless-Async: false\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

void print_latencies(const lb::LatencyHistogram& values) {
  std::cout << "\"p50_us\": " << values.quantile(500).count()
            << ", \"p99_us\": " << values.quantile(990).count();
}

// Whole answers only: each is a head that says its length, as the server's does.
std::size_t answer_size(std::string_view bytes) {
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  for (const char* name : {"Content-Length: ", "content-length: "}) {
    const std::size_t at = bytes.find(name);
    if (at == std::string_view::npos || at > head) continue;
    return head + 4 + static_cast<std::size_t>(std::atoll(bytes.data() + at + 16));
  }
  give_up("an answer without a length");
}

int ask(std::uint16_t port, std::size_t connections, core::Duration length, bool posts,
        std::uint64_t most) {
  struct Asker {
    std::string read;
    Clock::time_point sent;
  };
  const std::string request = posts ? post_request() : get_request();
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Asker> askers(65536);
  std::uint64_t sent = 0;
  const auto send_one = [&](int fd) {
    if (most != 0 && sent >= most) return;
    ++sent;
    askers[static_cast<std::size_t>(fd)].sent = Clock::now();
    send_all(fd, request);
  };
  for (std::size_t i = 0; i < connections; ++i) {
    const int fd = connected(port);
    watch_fd(poll, fd);
    send_one(fd);
  }
  lb::LatencyHistogram latencies;
  std::array<epoll_event, 256> events;
  std::array<char, 65536> buffer;
  std::uint64_t answered = 0;
  const Clock::time_point begin = Clock::now();
  while (since(begin) < length && (most == 0 || answered < most)) {
    const int count = epoll_wait(poll, events.data(), events.size(), 100);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
      if (size <= 0) give_up("a connection ended");
      Asker& asker = askers[static_cast<std::size_t>(fd)];
      asker.read.append(buffer.data(), static_cast<std::size_t>(size));
      const std::size_t whole = answer_size(asker.read);
      if (whole == 0 || asker.read.size() < whole) continue;
      if (!asker.read.starts_with("HTTP/1.1 200")) give_up("not 200: " + asker.read.substr(0, 80));
      latencies.add(since(asker.sent));
      asker.read.clear();
      ++answered;
      send_one(fd);
    }
  }
  std::cout << "{\"requests\": " << answered
            << ", \"seconds\": " << static_cast<double>(since(begin).count()) / 1e6 << ", ";
  print_latencies(latencies);
  std::cout << "}\n";
  return 0;
}

int watch(std::uint16_t port, std::size_t streams, core::Duration length, const char* ms) {
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  const std::string request =
      std::string("GET /stream/") + ms + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  std::vector<Clock::time_point> sent(65536);
  std::vector<bool> began(65536);
  lb::LatencyHistogram first;
  std::array<epoll_event, 256> events;
  std::array<char, 65536> buffer;
  std::uint64_t reads = 0;
  std::uint64_t bytes = 0;
  std::size_t opened = 0;
  Clock::time_point begin = Clock::now();
  Clock::time_point steady = begin;  // when all streams run
  while (opened < streams || since(steady) < length) {
    if (opened < streams) {
      const int fd = connected(port);
      watch_fd(poll, fd);
      sent[static_cast<std::size_t>(fd)] = Clock::now();
      send_all(fd, request);
      if (++opened == streams) {
        steady = Clock::now();
        reads = bytes = 0;
        std::cout << "steady" << std::endl;
      }
    }
    const int count = epoll_wait(poll, events.data(), events.size(), opened < streams ? 1 : 100);
    for (int i = 0; i < count; ++i) {
      const auto fd = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.fd);
      const ssize_t size = recv(static_cast<int>(fd), buffer.data(), buffer.size(), 0);
      if (size <= 0) give_up("a stream ended");
      if (!began[fd]) first.add(since(sent[fd]));
      began[fd] = true;
      ++reads;
      bytes += static_cast<std::uint64_t>(size);
    }
  }
  constexpr std::uint64_t chunk_bytes = 0x83 + 6;
  std::cout << "{\"chunks\": " << bytes / chunk_bytes << ", \"reads\": " << reads << ", ";
  print_latencies(first);
  std::cout << "}\n";
  return 0;
}

int idle(std::uint16_t port, std::size_t connections) {
  std::array<char, 65536> buffer;
  for (std::size_t i = 0; i < connections; ++i) {
    const int fd = connected(port);
    send_all(fd, get_request());
    if (recv(fd, buffer.data(), buffer.size(), 0) <= 0) give_up("an idle connection ended");
  }
  std::cout << "ready" << std::endl;
  pause();
  return 0;
}

// ---- the proxy

int proxy(const char* home, std::uint16_t port, std::uint16_t backend) {
  core::RoutingSnapshot table;
  table.seq = core::Seq{1};
  core::RoutedService& service = table.services["bench"];
  service.name = "bench";
  service.port = port;
  core::Route& route = service.routes[core::ReplicaId{1}];
  route.replica = core::ReplicaId{1};
  route.host = "127.0.0.1";
  route.port = backend;
  route.state = core::RouteState::ready;
  const lb::TableCache cache(std::filesystem::path(home) / "lb.table");
  if (const auto stored = cache.store(table); !stored) give_up(stored.error().text);
  return lb::run_balancer(home, {});
}

int run(const std::vector<std::string>& words) {
  const auto number = [&](std::size_t i) { return std::atoi(words.at(i).c_str()); };
  const auto port = [&](std::size_t i) { return static_cast<std::uint16_t>(number(i)); };
  const auto count = [&](std::size_t i) { return static_cast<std::size_t>(number(i)); };
  const auto length = [&](std::size_t i) {
    return core::Duration(static_cast<std::int64_t>(std::atof(words.at(i).c_str()) * 1e6));
  };
  const std::string mode = words.empty() ? "" : words[0];
  signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (mode == "serve" && words.size() == 2) {
    Server(port(1)).run();
    return 0;
  }
  if (mode == "ask" && (words.size() == 5 || words.size() == 6)) {
    const auto most = words.size() == 6 ? static_cast<std::uint64_t>(number(5)) : 0;
    return ask(port(1), count(2), length(3), words[4] == "post", most);
  }
  if (mode == "watch" && words.size() == 5) {
    return watch(port(1), count(2), length(3), words[4].c_str());
  }
  if (mode == "idle" && words.size() == 3) return idle(port(1), count(2));
  if (mode == "proxy" && words.size() == 4) return proxy(words[1].c_str(), port(2), port(3));
  std::cerr << "usage: see the top of lb_peer.cc\n";
  return 2;
}

}  // namespace
}  // namespace sky::bench

int main(int count, char** words) {
  return sky::bench::run(std::vector<std::string>(words + 1, words + count));
}
