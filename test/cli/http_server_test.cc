#include "cli/http_server.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "cli/http_router.h"
#include "test/cli/raw_client.h"

namespace sky::cli {
namespace {

using test::RawClient;

HttpLimits quick_limits() {
  HttpLimits limits;
  limits.max_body_bytes = 1000;
  limits.max_connections = 4;
  limits.max_queued_bytes = 256 * 1024;
  limits.receive_timeout = core::milliseconds(150);
  limits.idle_timeout = core::milliseconds(400);
  limits.stall_timeout = core::milliseconds(300);
  return limits;
}

// A server with a few routes whose loop runs on a thread of its own.
class Fixture {
 public:
  Fixture()
      : server(
            reactor,
            [this](const HttpRequest& request, Responder to) { router.handle(request, to); },
            quick_limits()) {
    router.add("GET", "/hello", [](const auto&, const auto&, Responder to) {
      to.answer({.content_type = "text/plain", .body = "hello"});
    });
    router.add("POST", "/echo", [](const HttpRequest& request, const auto&, Responder to) {
      to.answer({.body = request.body});
    });
    router.add(
        "GET", "/services/{name}",
        [](const HttpRequest& request, const auto& matches, Responder to) {
          to.answer({.body = matches[0] + "|" + request.query_parameter("since").value_or("none") +
                             "|" + std::string(request.header("x-a"))});
        });
    router.add("GET", "/later", [this](const auto&, const auto&, Responder to) {
      later = to;
      to.on_abort([this] { aborted = true; });
    });
    router.add("GET", "/forgotten", [](const auto&, const auto&, Responder) {});
    router.add("GET", "/stream", [](const auto&, const auto&, Responder to) {
      to.begin_stream({.content_type = "text/event-stream"});
      to.write("data: 1\n\n");
      to.write("data: 2\n\n");
      to.end_stream();
    });
    router.add("GET", "/flood", [this](const auto&, const auto&, Responder to) {
      to.begin_stream({});
      to.on_abort([this] { aborted = true; });
      const std::string piece(16 * 1024, 'x');
      for (int i = 0; i < 2000 && to.is_open(); ++i, ++pieces) to.write(piece);
    });
    BOOST_REQUIRE(server.listen_tcp("127.0.0.1", 0));
    loop = std::thread([this] { reactor.run(); });
  }
  ~Fixture() {
    reactor.post([this] { reactor.stop(); });
    loop.join();
  }

  RawClient client() const { return RawClient::to_port(server.port()); }
  template <class Task>
  void on_loop(Task task) {
    std::atomic<bool> done = false;
    reactor.post([&] { task(), done = true; });
    while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  adapters::Reactor reactor;
  HttpRouter router;
  HttpServer server;
  std::optional<Responder> later;
  std::atomic<bool> aborted = false;
  std::atomic<int> pieces = 0;
  std::thread loop;
};

bool soon(const std::function<bool()>& holds) {
  for (int i = 0; i < 300; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(10)))
    if (holds()) return true;
  return false;
}

BOOST_FIXTURE_TEST_SUITE(http_server, Fixture)

BOOST_AUTO_TEST_CASE(one_connection_carries_many_requests) {
  RawClient c = client();
  for (int i = 0; i < 3; ++i) {
    c.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
    const std::string answer = c.read_until("hello");
    BOOST_TEST(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    BOOST_TEST(answer.find("content-length: 5\r\n") != std::string::npos);
    BOOST_TEST(answer.find("connection: keep-alive\r\n") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
  RawClient c = client();
  c.send(
      "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\noneGET /hello HTTP/1.1\r\n"
      "host: a\r\nconnection: close\r\n\r\n");
  const std::string answers = c.read_to_end();
  BOOST_TEST(answers.find("one") < answers.find("hello"));
  BOOST_TEST(answers.ends_with("hello"));
}

BOOST_AUTO_TEST_CASE(a_request_in_single_bytes_is_understood) {
  RawClient c = client();
  for (const char byte :
       std::string("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nok"))
    c.send(std::string(1, byte));
  BOOST_TEST(c.read_until("\r\n\r\nok").ends_with("ok"));
}

BOOST_AUTO_TEST_CASE(routes_match_segments_and_queries) {
  RawClient c = client();
  c.send("GET /services/ll%61ma3?x=1&since=5+m%2B HTTP/1.1\r\nhost: a\r\nX-A: yes\r\n\r\n");
  BOOST_TEST(c.read_until("|yes").ends_with("\r\n\r\nllama3|5 m+|yes"));
}

BOOST_AUTO_TEST_CASE(unknown_paths_and_methods_are_answered_as_json) {
  RawClient c = client();
  c.send("GET /nothing HTTP/1.1\r\nhost: a\r\n\r\n");
  const std::string missing = c.read_until("}\n");
  BOOST_TEST(missing.starts_with("HTTP/1.1 404 "));
  BOOST_TEST(missing.ends_with("{\"error\":\"nothing is at /nothing\"}\n"));
  c.send("DELETE /hello HTTP/1.1\r\nhost: a\r\n\r\n");
  const std::string refused = c.read_until("}\n");
  BOOST_TEST(refused.starts_with("HTTP/1.1 405 "));
  BOOST_TEST(refused.find("allow: GET\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_head_request_gets_no_body) {
  RawClient c = client();
  c.send("HEAD /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  const std::string answer = c.read_to_end();
  BOOST_TEST(answer.find("content-length: 5\r\n") != std::string::npos);
  BOOST_TEST(answer.ends_with("\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_and_the_connection_closed) {
  for (const char* garbage : {"\x16\x03\x01 hello\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET\r\n\r\n",
                              "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n"
                              "transfer-encoding: chunked\r\n\r\n"}) {
    RawClient c = client();
    c.send(garbage);
    const std::string answer = c.read_to_end();
    BOOST_TEST(answer.starts_with("HTTP/1.1 400 "));
    BOOST_TEST(answer.find("{\"error\":") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_is_refused_however_it_is_framed) {
  RawClient declared = client();
  declared.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n");
  BOOST_TEST(declared.read_to_end().starts_with("HTTP/1.1 413 "));
  RawClient chunked = client();
  chunked.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n" +
               std::string(1001, 'x') + "\r\n0\r\n\r\n");
  BOOST_TEST(chunked.read_to_end().starts_with("HTTP/1.1 413 "));
}

BOOST_AUTO_TEST_CASE(a_client_that_asks_first_is_told_to_continue) {
  RawClient c = client();
  c.send("POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
  BOOST_TEST(c.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  c.send("ok");
  BOOST_TEST(c.read_until("\r\n\r\nok").starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_CASE(an_answer_may_come_later) {
  RawClient c = client();
  c.send("GET /later HTTP/1.1\r\nhost: a\r\n\r\n");
  BOOST_REQUIRE(soon([&] {
    bool asked = false;
    on_loop([&] { asked = later.has_value(); });
    return asked;
  }));
  on_loop([&] { later->answer({.body = "at last"}); });
  BOOST_TEST(c.read_until("at last").starts_with("HTTP/1.1 200 "));
  on_loop([&] { later->answer({.body = "twice"}); });  // does nothing
  c.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
  BOOST_TEST(c.read_until("hello").find("twice") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_handler_hears_that_its_client_vanished) {
  {
    RawClient c = client();
    c.send("GET /later HTTP/1.1\r\nhost: a\r\n\r\n");
    BOOST_REQUIRE(soon([&] {
      bool asked = false;
      on_loop([&] { asked = later.has_value(); });
      return asked;
    }));
    BOOST_TEST(!aborted);
  }
  BOOST_TEST(soon([&] { return aborted.load(); }));
  on_loop([&] {
    BOOST_TEST(!later->is_open());
    later->answer({.body = "to nobody"});
  });
}

BOOST_AUTO_TEST_CASE(a_forgotten_request_is_answered_500) {
  RawClient c = client();
  c.send("GET /forgotten HTTP/1.1\r\nhost: a\r\n\r\n");
  BOOST_TEST(c.read_until("}\n").starts_with("HTTP/1.1 500 "));
}

BOOST_AUTO_TEST_CASE(a_stream_is_chunked_and_its_connection_lives_on) {
  RawClient c = client();
  c.send("GET /stream HTTP/1.1\r\nhost: a\r\n\r\n");
  const std::string answer = c.read_until("0\r\n\r\n");
  BOOST_TEST(answer.find("transfer-encoding: chunked\r\n") != std::string::npos);
  BOOST_TEST(answer.ends_with("\r\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n"));
  c.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
  BOOST_TEST(c.read_until("hello").starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_CASE(an_old_client_gets_its_stream_without_chunks) {
  RawClient c = client();
  c.send("GET /stream HTTP/1.0\r\n\r\n");
  BOOST_TEST(c.read_to_end().ends_with("\r\n\r\ndata: 1\n\ndata: 2\n\n"));
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_cut_at_the_limit) {
  RawClient c = client();
  c.send("GET /flood HTTP/1.1\r\nhost: a\r\n\r\n");
  BOOST_TEST(soon([&] { return aborted.load(); }));
  BOOST_TEST(pieces < 2000);  // 32 MB were never queued
}

BOOST_AUTO_TEST_CASE(a_slow_request_and_an_idle_client_are_closed) {
  RawClient slow = client();
  slow.send("GET /hello HTTP/1.1\r\n");
  RawClient idle = client();
  BOOST_TEST(slow.read_to_end() == "");
  BOOST_TEST(idle.read_to_end() == "");
}

BOOST_AUTO_TEST_CASE(clients_over_the_limit_wait_for_their_turn) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(client());
    clients.back().send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
  }
  for (int i = 0; i < 4; ++i) BOOST_TEST(clients[i].read_until("hello").ends_with("hello"));
  std::size_t open = 0;
  on_loop([&] { open = server.connection_count(); });
  BOOST_TEST(open == 4u);
  clients.erase(clients.begin(), clients.begin() + 2);
  for (RawClient& c : clients)
    if (&c >= &clients[2]) BOOST_TEST(c.read_until("hello").ends_with("hello"));
}

BOOST_AUTO_TEST_CASE(draining_closes_idle_clients_and_finishes_the_others) {
  RawClient idle = client();
  idle.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n");
  idle.read_until("hello");
  RawClient busy = client();
  busy.send("GET /later HTTP/1.1\r\nhost: a\r\n\r\n");
  BOOST_REQUIRE(soon([&] {
    bool asked = false;
    on_loop([&] { asked = later.has_value(); });
    return asked;
  }));
  on_loop([&] { server.drain(); });
  BOOST_TEST(idle.read_to_end() == "");
  on_loop([&] { later->answer({.body = "bye"}); });
  BOOST_TEST(busy.read_to_end().ends_with("connection: close\r\n\r\nbye"));
  BOOST_TEST(soon([&] {
    std::size_t open = 1;
    on_loop([&] { open = server.connection_count(); });
    return open == 0;
  }));
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_reported) {
  on_loop([&] {
    HttpServer second(reactor, [](const auto&, auto) {});
    const auto result = second.listen_tcp("127.0.0.1", server.port());
    BOOST_REQUIRE(!result);
    BOOST_TEST((result.error().code == core::ErrorCode::address_in_use));
    BOOST_TEST(!second.listen_tcp("localhost", 0));
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(http_server_unix)

struct Directory {
  Directory() {
    char name[] = "/tmp/skyctl-http-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

BOOST_AUTO_TEST_CASE(a_unix_socket_is_private_knows_its_peer_and_replaces_only_the_dead) {
  const Directory directory;
  const std::filesystem::path path = directory.path / "api.sock";
  adapters::Reactor reactor;
  std::optional<uid_t> peer;
  const HttpHandler handler = [&](const HttpRequest& request, Responder to) {
    peer = request.peer_uid;
    to.answer({.body = "hello"});
  };

  // Given a socket file that a dead process left behind
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(dead);

  // When a server takes its place
  HttpServer server(reactor, handler);
  BOOST_REQUIRE(server.listen_unix(path));

  // Then only we can connect, the peer is known, and a second server is refused
  struct stat found {};
  BOOST_REQUIRE(::stat(path.c_str(), &found) == 0);
  BOOST_TEST((found.st_mode & 0777) == 0600u);
  std::thread user([&] {
    RawClient c = RawClient::to_socket(path);
    c.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    BOOST_TEST(c.read_until("hello").starts_with("HTTP/1.1 200 "));
    reactor.post([&] { reactor.stop(); });
  });
  reactor.run();
  user.join();
  BOOST_TEST((peer == ::getuid()));
  HttpServer second(reactor, handler);
  const auto refused = second.listen_unix(path);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == core::ErrorCode::address_in_use));
}

BOOST_AUTO_TEST_CASE(what_is_not_a_socket_is_never_removed) {
  const Directory directory;
  const std::filesystem::path path = directory.path / "precious";
  std::filesystem::create_directory(path);
  adapters::Reactor reactor;
  HttpServer server(reactor, [](const auto&, auto) {});
  BOOST_TEST(!server.listen_unix(path));
  BOOST_TEST(std::filesystem::exists(path));
  BOOST_TEST(!server.listen_unix(directory.path / std::string(200, 'x')));
  BOOST_TEST(!server.listen_unix(directory.path / "no" / "such" / "folder"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace sky::cli
