#include "test/adapters/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdlib>

#include "core/check.h"

namespace sky::adapters {

struct ScriptedServer::Peer {
  UvHandle<uv_tcp_t> tcp;
  UvHandle<uv_pipe_t> pipe;
  ScriptedServer* server = nullptr;
  std::string input;
  char buffer[65536];

  uv_stream_t* stream() { return server->is_pipe_ ? pipe.stream() : tcp.stream(); }
};

ScriptedServer::ScriptedServer(Reactor& reactor, Script script, After after)
    : reactor_(reactor), script_(std::move(script)), after_(after) {
  uv_tcp_init(reactor.loop(), tcp_.get());
  tcp_->data = this;
  sockaddr_in address{};
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_bind(tcp_.get(), reinterpret_cast<sockaddr*>(&address), 0);
  SKY_CHECK(uv_listen(tcp_.stream(), 512, &on_connection) == 0, "a free port can be listened on");
  int length = sizeof(address);
  uv_tcp_getsockname(tcp_.get(), reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
}

ScriptedServer::ScriptedServer(Reactor& reactor, const std::string& socket_path, Script script)
    : reactor_(reactor), script_(std::move(script)), after_(After::keep_open), is_pipe_(true) {
  uv_pipe_init(reactor.loop(), pipe_.get(), 0);
  pipe_->data = this;
  uv_pipe_bind(pipe_.get(), socket_path.c_str());
  SKY_CHECK(uv_listen(pipe_.stream(), 16, &on_connection) == 0, "the path can be listened on");
}

ScriptedServer::~ScriptedServer() = default;

std::string ScriptedServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void ScriptedServer::on_connection(uv_stream_t* server, int status) {
  if (status == 0 && server->data != nullptr) {
    static_cast<ScriptedServer*>(server->data)->accept(server);
  }
}

void ScriptedServer::accept(uv_stream_t* server) {
  Peer& peer = peers_.emplace_back();
  peer.server = this;
  uv_tcp_init(reactor_.loop(), peer.tcp.get());
  uv_pipe_init(reactor_.loop(), peer.pipe.get(), 0);
  peer.stream()->data = &peer;
  if (uv_accept(server, peer.stream()) != 0) return;
  ++connections_;
  uv_read_start(
      peer.stream(),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& owner = *static_cast<Peer*>(handle->data);
        *buffer = uv_buf_init(owner.buffer, sizeof(owner.buffer));
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
        auto& owner = *static_cast<Peer*>(stream->data);
        if (size < 0) {
          uv_read_stop(stream);
        } else {
          owner.input.append(buffer->base, static_cast<std::size_t>(size));
          owner.server->receive(owner);
        }
      });
}

void ScriptedServer::receive(Peer& peer) {
  for (;;) {
    const std::size_t end = peer.input.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const std::size_t field = peer.input.find("Content-Length: ");
    const std::size_t length =
        field < end ? std::strtoul(peer.input.c_str() + field + 16, nullptr, 10) : 0;
    if (peer.input.size() < end + 4 + length) return;
    const std::string request = peer.input.substr(0, end + 4 + length);
    peer.input.erase(0, end + 4 + length);
    ++requests_;
    const std::string answer = script_(request);
    if (answer.empty()) return;
    uv_buf_t piece =
        uv_buf_init(const_cast<char*>(answer.data()), static_cast<unsigned>(answer.size()));
    uv_try_write(peer.stream(), &piece, 1);
    if (after_ == After::close) return peer.tcp.reset();
  }
}

std::string http_answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Words\r\nX-Test: yes \r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

}  // namespace sky::adapters
