// Follow server and client over a real socket, on one loop.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>

#include "adapters/follow_client.h"
#include "adapters/follow_server.h"
#include "adapters/reactor.h"
#include "adapters/unix_socket.h"
#include "test/events/run_until.h"
#include "test/events/sample_events.h"
#include "test/events/temporary_directory.h"

namespace sky::events {
namespace {

using core::Seq;

struct Fixture {
  TemporaryDirectory home;
  adapters::Reactor reactor;
  std::unique_ptr<Log> log = make_memory_log("0123456789abcdef0123456789abcdef");
  core::RoutingSnapshot table;
  std::unique_ptr<adapters::FollowServer> server;
  std::unique_ptr<adapters::UnixListener> listener;
  std::vector<core::InputBody> reports;
  std::vector<std::string> gone;

  std::vector<core::Event> seen;
  std::vector<std::string> said;
  bool is_timed_out = false;

  Fixture() { start_server(); }

  void start_server() {
    server = std::make_unique<adapters::FollowServer>(reactor, *log, [this] { return table; });
    server->on_report([this](core::InputBody report) { reports.push_back(std::move(report)); });
    server->on_balancer_gone([this](std::string reason) { gone.push_back(std::move(reason)); });
    listener = std::make_unique<adapters::UnixListener>(reactor);
    const auto listening = listener->listen(
        home.path() / follow_socket_name,
        [this](std::unique_ptr<adapters::UnixSocket> one) { server->accept(std::move(one)); });
    BOOST_TEST_REQUIRE(listening.has_value());
  }
  void stop_server() {
    listener.reset();
    server.reset();
  }
  void append(std::size_t count) {
    const auto bytes = log->append(sample_events(log->position().durable.value + 1, count));
    BOOST_REQUIRE(bytes);
    if (server) server->publish(log->position().durable, *bytes);
  }
  std::unique_ptr<adapters::FollowClient> follow(FollowRequest request) {
    adapters::FollowCallbacks callbacks;
    callbacks.on_snapshot = [this](const core::RoutingSnapshot& snapshot) {
      said.push_back("table " + std::to_string(snapshot.seq.value));
    };
    callbacks.on_event = [this](const core::Event& event) { seen.push_back(event); };
    callbacks.on_caught_up = [this](Seq seq) {
      said.push_back("caught up " + std::to_string(seq.value));
    };
    callbacks.on_connected = [this] { said.push_back("connected"); };
    callbacks.on_disconnected = [this](const std::string&) { said.push_back("disconnected"); };
    auto client = std::make_unique<adapters::FollowClient>(
        reactor, adapters::dial_unix(reactor, home.path() / follow_socket_name), request,
        std::move(callbacks));
    client->start();
    return client;
  }
  // Runs the loop until `is_done`, at most five seconds.
  void run_until(const std::function<bool()>& is_done) {
    events::run_until(reactor, core::seconds(5), is_done);
  }
  bool has_said(const std::string& text) const {
    return std::find(said.begin(), said.end(), text) != said.end();
  }
};

BOOST_FIXTURE_TEST_SUITE(follow_socket, Fixture)

BOOST_AUTO_TEST_CASE(a_follower_gets_everything_once_while_events_are_appended) {
  for (int i = 0; i < 30; ++i) append(1000);
  auto client = follow({Seq{1}, false});
  adapters::Timer writer(reactor);
  writer.start_repeating(core::milliseconds(1), [&] {
    if (log->position().durable.value < 40'000) append(100);
  });
  run_until([&] { return seen.size() >= 40'000; });
  BOOST_TEST((seen == sample_events(1, 40'000)));
  BOOST_TEST(client->last_seen().value == 40'000u);
}

BOOST_AUTO_TEST_CASE(only_wanted_events_arrive_although_commits_are_sent_whole) {
  append(10);
  auto client = follow({Seq{7}, false});
  run_until([&] { return has_said("caught up 10"); });
  BOOST_TEST((seen == sample_events(7, 4)));
}

BOOST_AUTO_TEST_CASE(a_follower_goes_on_where_it_was_when_the_daemon_comes_back) {
  append(5);
  auto client = follow({Seq{1}, false});
  run_until([&] { return seen.size() == 5; });
  stop_server();
  run_until([&] { return has_said("disconnected"); });
  append(5);  // while nobody listens
  start_server();
  append(5);
  run_until([&] { return seen.size() >= 15; });
  append(1);
  run_until([&] { return seen.size() >= 16; });
  BOOST_TEST((seen == sample_events(1, 16)));
}

BOOST_AUTO_TEST_CASE(a_balancer_gets_a_table_first_and_only_events_after_reconnecting) {
  append(5);
  table.seq = Seq{5};
  auto client = follow({Seq{}, true});
  run_until([&] { return has_said("caught up 5"); });
  BOOST_TEST(seen.empty());
  append(2);
  run_until([&] { return seen.size() == 2; });
  stop_server();
  run_until([&] { return has_said("disconnected"); });
  start_server();
  append(1);
  run_until([&] { return seen.size() == 3; });
  BOOST_TEST((seen == sample_events(6, 3)));
  BOOST_TEST(std::count(said.begin(), said.end(), "table 5") == 1);
}

BOOST_AUTO_TEST_CASE(another_log_behind_the_socket_means_starting_over) {
  append(5);
  table.seq = Seq{5};
  auto client = follow({Seq{}, true});
  run_until([&] { return has_said("caught up 5"); });
  stop_server();
  log = make_memory_log("ffffffffffffffffffffffffffffffff");
  table.seq = Seq{};
  start_server();
  append(2);
  run_until([&] { return seen.size() == 2; });
  BOOST_TEST(has_said("table 0"));
  BOOST_TEST((seen == sample_events(1, 2)));
}

BOOST_AUTO_TEST_CASE(reports_reach_the_daemon_with_the_real_pid_and_the_loss_is_noticed) {
  auto client = follow({Seq{1}, false});
  run_until([&] { return client->is_connected(); });
  BOOST_TEST(client->send(core::HoldReported{"llama3", 1, 0, ""}));  // before hello: not heard
  BOOST_TEST(client->send(core::BalancerHello{1}));
  BOOST_TEST(client->send(core::HoldReported{"llama3", 7, 0, ""}));
  run_until([&] { return reports.size() == 2; });
  BOOST_TEST(std::get<core::BalancerHello>(reports[0]).pid == ::getpid());
  BOOST_TEST(std::get<core::HoldReported>(reports[1]).waiting == 7u);
  client.reset();
  run_until([&] { return gone.size() == 1; });
  BOOST_TEST(!follow({Seq{1}, false})->send(core::BalancerHello{1}));
}

BOOST_AUTO_TEST_CASE(a_new_balancer_takes_over_and_the_old_ones_end_is_no_loss) {
  auto old_one = follow({Seq{1}, false});
  run_until([&] { return old_one->is_connected(); });
  old_one->send(core::BalancerHello{});
  run_until([&] { return reports.size() == 1; });
  auto new_one = follow({Seq{1}, false});
  run_until([&] { return new_one->is_connected(); });
  new_one->send(core::BalancerHello{});
  run_until([&] { return reports.size() == 2; });
  old_one.reset();
  run_until([&] { return server->follower_count() == 1; });
  BOOST_TEST(gone.empty());
}

BOOST_AUTO_TEST_CASE(a_socket_file_of_a_dead_daemon_is_replaced_a_living_ones_is_not) {
  adapters::UnixListener second(reactor);
  const auto listen = [&](const std::filesystem::path& path) {
    return second.listen(path, [](std::unique_ptr<adapters::UnixSocket>) {});
  };
  const auto refused = listen(home.path() / follow_socket_name);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == core::ErrorCode::address_in_use));
  // A socket that nobody listens on, as kill -9 leaves it.
  TemporaryDirectory other;
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (other / follow_socket_name).c_str());
  BOOST_REQUIRE(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(dead);
  BOOST_TEST(bool(listen(other / follow_socket_name)));
  struct stat status {};
  BOOST_REQUIRE(::stat((other / follow_socket_name).c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0600u);
  // Something that is no socket is not ours to remove.
  TemporaryDirectory third;
  std::ofstream(third / follow_socket_name) << "precious";
  BOOST_TEST(!listen(third / follow_socket_name));
  BOOST_TEST(std::filesystem::file_size(third / follow_socket_name) == 8u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_sends_garbage_is_told_so_and_dropped) {
  adapters::UnixSocket socket(reactor);
  std::string received;
  bool is_closed = false;
  socket.connect(home.path() / follow_socket_name, [&](core::Result<void> connected) {
    BOOST_TEST_REQUIRE(connected.has_value());
    socket.start(
        [&](std::span<const std::byte> bytes) {
          received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        },
        [&](const std::string&) { is_closed = true; });
    socket.write(std::string(64, '\xff'));
  });
  run_until([&] { return is_closed && server->follower_count() == 0; });
  BOOST_TEST(received.find("malformed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_follower_that_does_not_read_holds_up_nobody) {
  for (int i = 0; i < 20; ++i) append(1000);
  adapters::UnixSocket stuck(reactor);  // asks, and never reads
  stuck.connect(home.path() / follow_socket_name, [&](core::Result<void> connected) {
    BOOST_TEST_REQUIRE(connected.has_value());
    stuck.write(request_frame({Seq{1}, false}));
  });
  run_until([&] { return server->follower_count() == 1; });
  auto client = follow({Seq{1}, false});
  for (int i = 0; i < 20; ++i) append(1000);
  run_until([&] { return seen.size() >= 40'000; });
  BOOST_TEST(server->follower_count() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::events
