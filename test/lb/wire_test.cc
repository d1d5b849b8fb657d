// Every row of the request table over real sockets: what the client is told, and what another
// server behind us takes the same bytes for.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "test/lb/child_process.h"
#include "test/lb/request_table.h"
#include "test/lb/test_balancer.h"

namespace sky::lb {
namespace {

constexpr std::size_t longest_split_bytes = 256;  // longer rows are sent in one piece
constexpr const char* nginx_path = "/usr/sbin/nginx";
constexpr const char* haproxy_path = "/usr/sbin/haproxy";

// Answers every whole request, with its body read; says each on a line.
constexpr const char* python_origin = R"(
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while True:
                line = self.rfile.readline()
                if not line.endswith(b"\r\n"):
                    self.close_connection = True
                    return
                size = int(line.split(b";")[0], 16)
                piece = self.rfile.read(size + 2)
                if len(piece) < size + 2:
                    self.close_connection = True
                    return
                if size == 0:
                    break
        else:
            wanted = int(self.headers.get("Content-Length") or 0)
            if len(self.rfile.read(wanted)) < wanted:
                self.close_connection = True
                return
        print(self.command, self.path, flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_error(self, *words, **more):
        print("ERROR", self.raw_requestline, flush=True)
        super().send_error(*words, **more)

    def log_message(self, *words):
        pass

for method in "GET HEAD POST PUT DELETE OPTIONS".split():
    setattr(Handler, "do_" + method, Handler.answer)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
server.serve_forever()
)";

struct TemporaryFolder {
  TemporaryFolder() {
    char name[] = "/tmp/skyctl-wire-XXXXXX";
    BOOST_REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

void wait_until_it_listens(std::uint16_t port) {
  for (int i = 0; i < 2000; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool listens =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (listens) return;
    std::this_thread::sleep_for(10ms);
  }
  BOOST_FAIL("the server does not listen");
}

ChildProcess start_python(std::uint16_t port, const std::filesystem::path&) {
  return ChildProcess({"python3", "-c", python_origin, std::to_string(port)});
}

ChildProcess start_nginx(std::uint16_t port, const std::filesystem::path& folder) {
  const std::filesystem::path config = folder / "nginx.conf";
  std::ofstream(config) << "daemon off; master_process off; pid " << folder.string()
                        << "/pid; error_log " << folder.string() << "/error;\n"
                        << "events {}\nhttp {\n  log_format seen '$request_method $request_uri';\n"
                        << "  access_log /dev/stdout seen;\n  client_body_temp_path "
                        << folder.string() << "/body;\n  server {\n    listen 127.0.0.1:" << port
                        << ";\n    location / { return 200; }\n  }\n}\n";
  return ChildProcess({nginx_path, "-c", config.string(), "-p", folder.string()});
}

ChildProcess start_haproxy(std::uint16_t port, const std::filesystem::path& folder) {
  const std::filesystem::path config = folder / "haproxy.cfg";
  std::ofstream(config) << "defaults\n  mode http\n  timeout client 20s\n  timeout connect 5s\n"
                        << "  timeout server 20s\n  log stdout format raw local0\n"
                        << "  option dontlognull\n"
                        << "frontend f\n  bind 127.0.0.1:" << port
                        << "\n  log-format \"%HM %HU\"\n  option http-buffer-request\n"
                        << "  http-request return status 200\n";
  return ChildProcess({haproxy_path, "-db", "-f", config.string()});
}

// Sends every row through the proxy to that server, and a request of ours behind it: the server has
// seen exactly the row's whole requests in between, nothing else and nothing it finds wrong.
void check_that_it_sees_the_same(ChildProcess (*start)(std::uint16_t,
                                                       const std::filesystem::path&)) {
  const TemporaryFolder folder;
  const std::uint16_t port = free_port();
  ChildProcess origin = start(port, folder.path);
  wait_until_it_listens(port);
  TestBalancer lb;
  lb.add_replica(1, port);
  int marker = 0;
  for (const RequestRow& row : request_table()) {
    {
      Peer client = lb.client();
      client.write(row.bytes);
      for (int i = 0; i < row.messages; ++i) client.read_head();
      if (row.status != 0) client.read_to_end();
    }
    const std::string mark = "/marker-" + std::to_string(++marker);
    Peer own = lb.client();
    own.write(get(mark));
    BOOST_TEST(own.read_head().starts_with("HTTP/1.1 200 "), row.name);
    int seen = 0;
    while (true) {
      const auto line = origin.line();
      BOOST_REQUIRE_MESSAGE(line, row.name << ": the server did not see " << mark);
      if (contains(*line, mark)) break;
      if (contains(*line, "ERROR") || contains(*line, "BADREQ")) {
        BOOST_ERROR(row.name << ": the server found something wrong: " << *line);
      }
      ++seen;
    }
    // One that broke off in its body may have been answered early by a server that reads no bodies.
    const bool broke_off = row.status != 0 && contains(row.bytes, "chunked\r\n\r\n");
    BOOST_TEST((seen == row.messages || (broke_off && seen <= 1)), row.name << ": seen " << seen);
  }
}

bool is_there(const char* program) {
  struct stat status {};
  return stat(program, &status) == 0;
}
boost::test_tools::assertion_result has_nginx(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result there(is_there(nginx_path));
  there.message() << nginx_path << " is not installed";
  return there;
}
boost::test_tools::assertion_result has_haproxy(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result there(is_there(haproxy_path));
  there.message() << haproxy_path << " is not installed";
  return there;
}

// Counts the whole requests it gets, and answers each.
class CountingOrigin {
 public:
  CountingOrigin() : acceptor_([this] { accept_all(); }) {}
  ~CountingOrigin() {
    shutdown(origin_.fd(), SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : fds_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (const int fd : fds_) ::close(fd);
  }
  std::uint16_t port() const { return origin_.port(); }
  std::atomic<int> whole{0};

 private:
  struct Events final : HttpEvents {
    void on_head(const MessageHead&) override {}
    void on_body(std::string_view) override {}
    void on_message_end() override {}
  };
  void accept_all() {
    while (true) {
      const int fd = accept4(origin_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      fds_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    Events events;
    HttpParser parser(HttpParser::Mode::request, events);
    char buffer[4096];
    while (true) {
      const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
      if (size <= 0) return;
      std::string_view bytes(buffer, static_cast<std::size_t>(size));
      while (!bytes.empty() && !parser.error()) {
        if (parser.ended()) parser.next();
        bytes.remove_prefix(parser.feed(bytes));
        if (!parser.ended()) continue;
        ++whole;
        const std::string answer = ok("");
        static_cast<void>(send(fd, answer.data(), answer.size(), MSG_NOSIGNAL));
      }
    }
  }

  Origin origin_;
  std::mutex mutex_;
  std::vector<int> fds_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wire)

BOOST_AUTO_TEST_CASE(every_row_gets_its_verdict_over_a_socket_split_anywhere) {
  CountingOrigin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  for (const RequestRow& row : request_table()) {
    // given one connection for each place to split at, and the first parts sent
    std::vector<Peer> clients;
    const int before = origin.whole;
    const std::size_t last = row.bytes.size() > longest_split_bytes ? 1 : row.bytes.size();
    for (std::size_t at = 0; at < last; ++at) {
      clients.push_back(lb.client());
      clients.back().write(std::string_view(row.bytes).substr(0, at));
    }
    std::this_thread::sleep_for(2ms);  // most parts are read apart
    // when the rest comes
    int answered = 0;
    for (std::size_t at = 0; at < last; ++at) {
      clients[at].write(std::string_view(row.bytes).substr(at));
    }
    // then each is answered the same
    for (std::size_t at = 0; at < last; ++at) {
      BOOST_TEST_CONTEXT(row.name << " at " << at)
      for (int i = 0; i < row.messages; ++i) {
        const std::string head = clients[at].read_head();
        BOOST_TEST(head.starts_with("HTTP/1.1 200 "), row.name << " at " << at << ": " << head);
        ++answered;
      }
      if (row.status == 0) continue;
      const std::string end = clients[at].read_to_end();
      const bool refused = end.starts_with("HTTP/1.1 4") || end.starts_with("HTTP/1.1 5");
      BOOST_TEST(refused, row.name << " at " << at << ": " << end);
      if (at == 0) {
        BOOST_TEST(end.starts_with("HTTP/1.1 " + std::to_string(row.status) + " "),
                   row.name << ": " << end);
      }
      BOOST_TEST(contains(end, "Connection: close\r\n"), row.name << " at " << at);
    }
    BOOST_TEST(origin.whole - before == answered, row.name);
  }
  BOOST_TEST(lb.becomes_idle());
}

BOOST_AUTO_TEST_CASE(nothing_behind_a_close_is_taken_for_a_request) {
  CountingOrigin origin;
  TestBalancer lb;
  lb.add_replica(1, origin.port());
  Peer client = lb.client();
  client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get("/smuggled"));
  BOOST_TEST(contains(client.read_to_end(), "Connection: close\r\n"));
  BOOST_TEST(origin.whole == 1);
}

BOOST_AUTO_TEST_CASE(python_sees_the_same_requests_as_we_do) {
  check_that_it_sees_the_same(start_python);
}

BOOST_AUTO_TEST_CASE(nginx_sees_the_same_requests_as_we_do,
                     *boost::unit_test::precondition(has_nginx)) {
  check_that_it_sees_the_same(start_nginx);
}

BOOST_AUTO_TEST_CASE(haproxy_sees_the_same_requests_as_we_do,
                     *boost::unit_test::precondition(has_haproxy)) {
  check_that_it_sees_the_same(start_haproxy);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sky::lb
