// A server for tests on the same loop: it answers each request with the bytes it is told to.
#pragma once

#include <functional>
#include <list>
#include <string>

#include "adapters/reactor.h"

namespace sky::adapters {

class ScriptedServer {
 public:
  // The bytes to answer with; empty: never answer. Called with a whole request.
  using Script = std::function<std::string(const std::string& request)>;
  enum class After { keep_open, close };

  ScriptedServer(Reactor& reactor, Script script, After after = After::keep_open);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;

  // The same on a unix socket.
  ScriptedServer(Reactor& reactor, const std::string& socket_path, Script script);

  int port() const { return port_; }
  std::string url(const std::string& path) const;
  int connections() const { return connections_; }
  int requests() const { return requests_; }

 private:
  struct Peer;
  static void on_connection(uv_stream_t* server, int status);
  void accept(uv_stream_t* server);
  void receive(Peer& peer);

  Reactor& reactor_;
  Script script_;
  After after_;
  UvHandle<uv_tcp_t> tcp_;
  UvHandle<uv_pipe_t> pipe_;
  bool is_pipe_ = false;
  int port_ = 0;
  int connections_ = 0;
  int requests_ = 0;
  std::list<Peer> peers_;
};

std::string http_answer(int status, const std::string& body);

}  // namespace sky::adapters
