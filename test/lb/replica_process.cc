// A replica as a process of its own, to be killed: writes down every request before it answers.
//
// usage: lb_replica PORT JOURNAL. One line of the journal is "X-REQUEST-ID", written whole. It
// answers after 0 to 2 ms with the id; below /stream with ten events, 1 ms apart, and their end
// marker. A thread for each connection.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "lb/http_parser.h"
#include "lb/message_writer.h"

namespace sky::lb {
namespace {

using namespace std::chrono_literals;

class Conversation final : HttpEvents {
 public:
  Conversation(int fd, int journal) : fd_(fd), journal_(journal) {}

  void run() {
    char buffer[8192];
    while (true) {
      const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
      if (size <= 0) break;
      std::string_view bytes(buffer, static_cast<std::size_t>(size));
      while (!bytes.empty()) {
        if (parser_.ended()) parser_.next();
        bytes.remove_prefix(parser_.feed(bytes));
        if (parser_.error()) break;
        if (parser_.ended()) answer();
      }
    }
    close(fd_);
  }

 private:
  void on_head(const MessageHead& head) override {
    id_ = head.value_of(HeaderId::x_request_id);
    is_stream_ = head.target.starts_with("/stream");
  }
  void on_body(std::string_view) override {}
  void on_message_end() override {}

  void say(std::string_view bytes) {
    static_cast<void>(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  void answer() {
    const std::string line = id_ + "\n";
    if (write(journal_, line.data(), line.size()) < 0) std::exit(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(id_.back() % 3));
    if (!is_stream_) {
      say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(id_.size()) + "\r\n\r\n" + id_);
      return;
    }
    say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
        "chunked\r\n\r\n");
    for (int i = 0; i <= 10; ++i) {
      ByteBuffer chunk;
      append_chunk(chunk, i == 10 ? "data: [DONE]\n\n" : "data: {}\n\n");
      say(chunk.view());
      std::this_thread::sleep_for(1ms);
    }
    say("0\r\n\r\n");
  }

  int fd_;
  int journal_;
  HttpParser parser_{HttpParser::Mode::request, *this};
  std::string id_;
  bool is_stream_ = false;
};

int serve(std::uint16_t port, const char* journal_path) {
  const int journal = open(journal_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (journal < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 512) != 0) {
    std::cerr << "lb_replica: cannot serve at port " << port << '\n';
    return 1;
  }
  std::cout << "ready" << std::endl;
  while (true) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    std::thread([fd, journal] { Conversation(fd, journal).run(); }).detach();
  }
}

}  // namespace
}  // namespace sky::lb

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "usage: lb_replica PORT JOURNAL\n";
    return 2;
  }
  return sky::lb::serve(static_cast<std::uint16_t>(std::atoi(words[1])), words[2]);
}
