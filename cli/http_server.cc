#include "cli/http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/http_connection.h"

namespace sky::cli {
namespace {

constexpr std::size_t read_buffer_bytes = 64 * 1024;
constexpr int backlog = 511;  // the kernel caps it at net.core.somaxconn

core::Error socket_error(int code, const std::string& where) {
  const std::string text = "cannot listen on " + where + ": " + uv_strerror(code);
  switch (code) {
    case UV_EADDRINUSE: return {core::ErrorCode::address_in_use, text};
    case UV_EACCES:
    case UV_EPERM:
    case UV_EROFS: return {core::ErrorCode::permission, text};
    case UV_EINVAL:
    case UV_EADDRNOTAVAIL: return {core::ErrorCode::invalid_input, text};
    default: return {core::ErrorCode::io, text};
  }
}

// Removes a socket file that nobody answers on. Never removes anything else.
core::Result<void> remove_stale_socket(const std::filesystem::path& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode))
    return core::Error{core::ErrorCode::address_in_use,
                       path.string() + " is in the way and is not a socket"};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return socket_error(uv_translate_sys_error(errno), path.string());
  const int failed = ::connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address);
  const bool nobody_answers = failed != 0 && errno == ECONNREFUSED;
  ::close(probe);
  if (!nobody_answers)
    return core::Error{core::ErrorCode::address_in_use,
                       "another process answers on " + path.string()};
  ::unlink(path.c_str());
  return {};
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(adapters::Reactor& reactor, HttpHandler handler, HttpLimits limits)
      : reactor_(reactor),
        handler_(std::move(handler)),
        limits_(limits),
        read_buffer_(read_buffer_bytes),
        reaper_(reactor) {}

  core::Result<void> listen_tcp(const std::string& host, std::uint16_t port);
  core::Result<void> listen_unix(const std::filesystem::path& path);
  std::uint16_t port() const { return port_; }
  void drain();
  std::size_t connection_count() const { return connections_.size(); }

 private:
  struct Listener {
    StreamHandle handle;
    bool has_waiting_client = false;
  };
  struct Ended {
    std::unique_ptr<HttpConnection> connection;
    std::function<void()> abort_task;
  };

  core::Result<void> start_listening(StreamHandle handle, const std::string& where);
  void on_client(uv_stream_t* from, int status);
  void accept_from(Listener& listener);
  void on_closed(HttpConnection& connection, std::function<void()> abort_task);
  void reap();

  adapters::Reactor& reactor_;
  HttpHandler handler_;
  HttpLimits limits_;
  std::vector<char> read_buffer_;
  std::uint16_t port_ = 0;
  std::vector<Listener> listeners_;
  std::unordered_map<HttpConnection*, std::unique_ptr<HttpConnection>> connections_;
  std::vector<Ended> ended_;  // destroyed on the next turn of the loop, never under their own feet
  adapters::Timer reaper_;
};

core::Result<void> HttpServer::Impl::listen_tcp(const std::string& host, std::uint16_t port) {
  const std::string where = host + ":" + std::to_string(port);
  sockaddr_storage address{};
  const bool is_literal =
      uv_ip4_addr(host.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) == 0 ||
      uv_ip6_addr(host.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) == 0;
  if (!is_literal)
    return core::Error{core::ErrorCode::invalid_input, host + " is not an IP address"};
  TcpHandle tcp;
  uv_tcp_init(reactor_.loop(), tcp.get());
  const int failure = uv_tcp_bind(tcp.get(), reinterpret_cast<sockaddr*>(&address), 0);
  if (failure != 0) return socket_error(failure, where);
  uv_tcp_t* const raw = tcp.get();
  if (auto started = start_listening(std::move(tcp), where); !started) return started.error();
  int size = sizeof address;
  uv_tcp_getsockname(raw, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);  // v6 has it in the same place
  return {};
}

core::Result<void> HttpServer::Impl::listen_unix(const std::filesystem::path& path) {
  if (path.native().size() >= sizeof(sockaddr_un::sun_path))
    return core::Error{core::ErrorCode::invalid_input,
                       path.string() + " is too long for the name of a unix socket"};
  if (auto removed = remove_stale_socket(path); !removed) return removed.error();
  PipeHandle pipe;
  uv_pipe_init(reactor_.loop(), pipe.get(), 0);
  const mode_t before = ::umask(0177);  // never, not for an instant, open to others
  const int failure = uv_pipe_bind(pipe.get(), path.c_str());
  ::umask(before);
  if (failure != 0) return socket_error(failure, path.string());
  return start_listening(std::move(pipe), path.string());
}

core::Result<void> HttpServer::Impl::start_listening(StreamHandle handle,
                                                     const std::string& where) {
  uv_stream_t* const stream = stream_of(handle);
  stream->data = this;
  const int failure = uv_listen(stream, backlog, [](uv_stream_t* from, int status) {
    if (from->data != nullptr) static_cast<Impl*>(from->data)->on_client(from, status);
  });
  if (failure != 0) return socket_error(failure, where);
  listeners_.push_back({std::move(handle)});
  return {};
}

void HttpServer::Impl::on_client(uv_stream_t* from, int status) {
  if (status < 0) return;  // out of descriptors, or the client is gone again
  for (Listener& listener : listeners_) {
    if (stream_of(listener.handle) != from) continue;
    listener.has_waiting_client = true;  // libuv asks no more until this one is accepted
    accept_from(listener);
  }
}

void HttpServer::Impl::accept_from(Listener& listener) {
  if (!listener.has_waiting_client || connections_.size() >= limits_.max_connections) return;
  listener.has_waiting_client = false;
  StreamHandle client;
  if (std::holds_alternative<TcpHandle>(listener.handle)) {
    uv_tcp_init(reactor_.loop(), std::get<TcpHandle>(client).get());
  } else {
    client.emplace<PipeHandle>();
    uv_pipe_init(reactor_.loop(), std::get<PipeHandle>(client).get(), 0);
  }
  if (uv_accept(stream_of(listener.handle), stream_of(client)) != 0) return;
  auto connection = std::make_unique<HttpConnection>(
      HttpConnectionEdges{reactor_, handler_, limits_, read_buffer_}, std::move(client),
      [this](HttpConnection& closed, std::function<void()> abort_task) {
        on_closed(closed, std::move(abort_task));
      });
  HttpConnection& added = *connection;
  connections_.emplace(&added, std::move(connection));
  added.start();
}

void HttpServer::Impl::on_closed(HttpConnection& connection, std::function<void()> abort_task) {
  auto node = connections_.extract(&connection);
  ended_.push_back({std::move(node.mapped()), std::move(abort_task)});
  reaper_.start(core::Duration{0}, [this] { reap(); });
}

void HttpServer::Impl::reap() {
  std::vector<Ended> ended;
  ended.swap(ended_);
  for (const Ended& one : ended)
    if (one.abort_task) one.abort_task();
  for (Listener& listener : listeners_) accept_from(listener);
}

void HttpServer::Impl::drain() {
  listeners_.clear();
  std::vector<HttpConnection*> open;
  for (const auto& [connection, owner] : connections_) open.push_back(connection);
  for (HttpConnection* connection : open) connection->drain();
}

HttpServer::HttpServer(adapters::Reactor& reactor, HttpHandler handler, HttpLimits limits)
    : impl_(std::make_unique<Impl>(reactor, std::move(handler), limits)) {}
HttpServer::~HttpServer() = default;

core::Result<void> HttpServer::listen_tcp(const std::string& host, std::uint16_t port) {
  return impl_->listen_tcp(host, port);
}
core::Result<void> HttpServer::listen_unix(const std::filesystem::path& path) {
  return impl_->listen_unix(path);
}
std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::drain() { impl_->drain(); }
std::size_t HttpServer::connection_count() const { return impl_->connection_count(); }

}  // namespace sky::cli
