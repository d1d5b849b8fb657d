// The whole endpoint process, with a daemon played by hand over the real socket.
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <filesystem>

#include "events/follow_protocol.h"
#include "lb/main_loop.h"
#include "lb/table_cache.h"
#include "test/lb/test_balancer.h"

namespace sky::lb {
namespace {

sockaddr_un socket_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

// The daemon's side of follow.sock.
class PlayedDaemon {
 public:
  explicit PlayedDaemon(const std::filesystem::path& home)
      : path_(home / events::follow_socket_name),
        fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::filesystem::remove(path_);
    const sockaddr_un address = socket_address(path_);
    BOOST_REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    BOOST_REQUIRE(listen(fd_, 8) == 0);
  }
  ~PlayedDaemon() { kill(); }
  void kill() {
    connection_.reset();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  void welcome_and_tell(const std::optional<core::RoutingSnapshot>& table, core::Seq durable) {
    pollfd poll_fd{fd_, POLLIN, 0};
    BOOST_REQUIRE(poll(&poll_fd, 1, 5000) == 1);
    connection_.emplace(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
    reader_ = events::FrameReader(events::max_follower_frame);
    connection_->write(events::welcome_frame({std::string(32, 'a'), 1, durable}));
    if (table) {
      connection_->write(events::frame(events::FrameKind::routing, events::encode_routing(*table)));
    }
    connection_->write(events::seq_frame(events::FrameKind::caught_up, durable));
  }

  template <class Body>
  Body next_report(const std::function<bool(const Body&)>& wanted) {
    for (int i = 0; i < 1000; ++i) {
      auto frame = reader_.next();
      BOOST_REQUIRE(frame.has_value());
      if (!*frame) {
        const std::string bytes = connection_->read_bytes(1);
        reader_.feed(std::as_bytes(std::span(bytes.data(), bytes.size())));
        continue;
      }
      if ((*frame)->kind != events::FrameKind::report) continue;
      const auto report = events::decode_report((*frame)->payload);
      BOOST_REQUIRE(report.has_value() && report->has_value());
      const Body* body = std::get_if<Body>(&**report);
      if (body != nullptr && wanted(*body)) return *body;
    }
    BOOST_FAIL("the report did not come");
    return {};
  }

 private:
  std::filesystem::path path_;
  int fd_;
  std::optional<Peer> connection_;
  events::FrameReader reader_{events::max_follower_frame};
};

struct Home {
  Home() {
    std::string name = (std::filesystem::temp_directory_path() / "sky-lb-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Home() {
    if (pid > 0) {
      ::kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    std::filesystem::remove_all(path);
  }
  void start(rlim_t descriptors = 0) {
    pid = fork();
    if (pid != 0) return;
    const rlimit limit{descriptors, descriptors};
    if (descriptors != 0) setrlimit(RLIMIT_NOFILE, &limit);
    ::_exit(run_balancer(path, {}));
  }
  int wait_for_end() {
    int status = -1;
    for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; ++i) {
      std::this_thread::sleep_for(10ms);
    }
    if (WIFEXITED(status) || WIFSIGNALED(status)) pid = 0;
    return status;
  }
  std::filesystem::path path;
  pid_t pid = 0;
};

core::RoutingSnapshot table_with(std::uint16_t endpoint, std::uint16_t replica) {
  core::RoutingSnapshot table;
  table.seq = {10};
  core::RoutedService& service = table.services["svc"];
  service.name = "svc";
  service.port = endpoint;
  service.routes[{1}] = {.replica = {1},
                         .host = "127.0.0.1",
                         .port = replica,
                         .state = core::RouteState::ready,
                         .version = {1},
                         .accelerator = "",
                         .drain_deadline = {}};
  return table;
}

void wait_until_it_listens(std::uint16_t port) {
  for (int i = 0; i < 1000; ++i) {
    std::this_thread::sleep_for(10ms);
    Peer probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in name = loopback(port);
    if (connect(probe.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return;
  }
  BOOST_FAIL("nothing listens on the endpoint's port");
}

std::string ask(std::uint16_t port, Origin& origin) {
  Peer client = Peer::to(port);
  client.write(get("/"));
  Peer replica = origin.accept();
  replica.read_head();
  replica.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
  return client.read_message();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process)

BOOST_AUTO_TEST_CASE(it_serves_without_the_daemon_and_tells_it_everything_when_it_is_back) {
  Home home;
  Origin origin;
  const std::uint16_t port = free_port();
  auto daemon = std::make_unique<PlayedDaemon>(home.path);
  home.start();

  // It says hello, opens the port and reports it.
  daemon->welcome_and_tell(table_with(port, origin.port()), {10});
  const auto hello = daemon->next_report<core::BalancerHello>([](const auto&) { return true; });
  BOOST_TEST(hello.pid == home.pid);
  daemon->next_report<core::EndpointReported>(
      [&](const auto& opened) { return opened.port == port && opened.text.empty(); });
  BOOST_TEST(ask(port, origin).ends_with("hi"));

  // The daemon is killed: the endpoint answers, and what it counted arrives later.
  daemon.reset();
  for (int i = 0; i < 3; ++i) BOOST_TEST(ask(port, origin).ends_with("hi"));
  daemon = std::make_unique<PlayedDaemon>(home.path);
  daemon->welcome_and_tell(std::nullopt, {10});
  daemon->next_report<core::EndpointReported>(
      [&](const auto& opened) { return opened.port == port; });
  daemon->next_report<core::TrafficReported>(
      [](const auto& report) { return report.sample.completions >= 3; });

  // A second process ends at once, quietly.
  const pid_t second = fork();
  if (second == 0) ::_exit(run_balancer(home.path, {}));
  int status = -1;
  waitpid(second, &status, 0);
  BOOST_TEST(status == 0);

  // Metrics are on its own socket.
  Peer metrics(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = socket_address(home.path / "lb.sock");
  BOOST_REQUIRE(
      connect(metrics.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  metrics.write("GET /metrics HTTP/1.1\r\nHost: lb\r\n\r\n");
  BOOST_TEST(contains(metrics.read_to_end(), "skyctl_lb_requests_total{service=\"svc\"} 4\n"));

  // Killed and started again with no daemon: it serves from the table it kept.
  daemon.reset();
  ::kill(home.pid, SIGKILL);
  home.wait_for_end();
  home.start();
  wait_until_it_listens(port);
  BOOST_TEST(ask(port, origin).ends_with("hi"));

  // SIGTERM: a running request finishes, then it ends.
  Peer client = Peer::to(port);
  client.write(get("/last"));
  Peer replica = origin.accept();
  replica.read_head();
  ::kill(home.pid, SIGTERM);
  std::this_thread::sleep_for(50ms);
  replica.write(ok("bye"));
  BOOST_TEST(client.read_message().ends_with("bye"));
  client.close();
  BOOST_TEST(home.wait_for_end() == 0);
}

BOOST_AUTO_TEST_CASE(clients_beyond_its_descriptors_wait_and_the_others_do_not_notice) {
  // given an endpoint that may have a hundred descriptors, and clients that it can just serve
  Home home;
  const std::uint16_t port = free_port();
  const std::uint16_t replica = free_port();
  BOOST_REQUIRE(TableCache(home.path / "lb.table").store(table_with(port, replica)).has_value());
  home.start(100);
  wait_until_it_listens(port);
  AutoOrigin origin("x", replica);
  std::vector<Peer> early;
  const auto ask_early = [&] {
    for (Peer& client : early) {
      client.write(get("/"));
      BOOST_TEST(client.read_message().ends_with("x"));
    }
  };
  for (int i = 0; i < 30; ++i) early.push_back(Peer::to(port));
  ask_early();

  // when many more come, then they wait and those that were there are served as before
  std::vector<Peer> late;
  for (int i = 0; i < 90; ++i) {
    late.push_back(Peer::to(port));
    late.back().write(get("/"));
  }
  BOOST_TEST(late.back().is_silent_for(200ms));
  ask_early();
  ask_early();

  // and as places come free, every one of them is served
  early.clear();
  for (Peer& client : late) {
    BOOST_TEST(client.read_message().ends_with("x"));
    client.close();
  }
  BOOST_TEST(origin.served >= 3 * 30);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
