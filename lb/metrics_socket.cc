#include "lb/metrics_socket.h"

#include <utility>

#include "lb/message_writer.h"

namespace sky::lb {
namespace {

// A connection is old enough to go after two sweeps: nobody needs longer on a local socket.
constexpr core::Duration sweep_every = core::seconds(2);

}  // namespace

class MetricsSocket::Connection final : private HttpEvents {
 public:
  Connection(std::unique_ptr<adapters::UnixSocket> socket, const std::function<std::string()>& text)
      : socket_(std::move(socket)), text_(text), parser_(HttpParser::Mode::request, *this) {}

  void start() {
    socket_->start([this](std::span<const std::byte> bytes) { on_data(bytes); },
                   [this](const std::string&) { sweeps = 2; });
  }
  int sweeps = 0;  // it has seen

 private:
  void on_data(std::span<const std::byte> bytes) {
    if (parser_.ended() || parser_.error()) return;
    parser_.feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (parser_.ended() || parser_.error()) answer();
  }
  void answer() {
    ByteBuffer response;
    if (parser_.ended() && wanted_) {
      const std::string body = text_();
      response.append("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n")
          .append("Content-Length: ")
          .append_number(body.size())
          .append("\r\nConnection: close\r\n\r\n")
          .append(body);
    } else {
      const int status = parser_.error() ? parser_.error().status : 404;
      write_own_response(response,
                         {.status = status, .text = "only GET /metrics", .request_id = {}});
    }
    socket_->write(std::string(response.view()));
    socket_->close_when_sent();
  }
  void on_head(const MessageHead& head) override {
    wanted_ = head.method == "GET" && head.target == "/metrics";
  }
  void on_body(std::string_view) override {}
  void on_message_end() override {}

  std::unique_ptr<adapters::UnixSocket> socket_;
  const std::function<std::string()>& text_;
  HttpParser parser_;
  bool wanted_ = false;
};

MetricsSocket::MetricsSocket(adapters::Reactor& reactor, std::function<std::string()> metrics_text)
    : reactor_(reactor),
      metrics_text_(std::move(metrics_text)),
      listener_(reactor_),
      sweeper_(reactor) {}

MetricsSocket::~MetricsSocket() = default;

core::Result<void> MetricsSocket::listen(const std::filesystem::path& path) {
  return listener_.listen(path, [this](std::unique_ptr<adapters::UnixSocket> socket) {
    on_connection(std::move(socket));
  });
}

void MetricsSocket::close() {
  listener_.close();
  sweeper_.stop();
  connections_.clear();
}

void MetricsSocket::on_connection(std::unique_ptr<adapters::UnixSocket> socket) {
  if (connections_.size() >= max_connections) return;
  auto made = std::make_unique<Connection>(std::move(socket), metrics_text_);
  made->start();
  connections_.emplace(++next_connection_, std::move(made));
  if (!sweeper_.is_active()) sweeper_.start_repeating(sweep_every, [this] { sweep(); });
}

void MetricsSocket::sweep() {
  std::erase_if(connections_, [](auto& entry) { return ++entry.second->sweeps > 2; });
  if (connections_.empty()) sweeper_.stop();
}

}  // namespace sky::lb
