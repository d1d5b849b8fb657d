// A small HTTP/1.1 server for our own ends: the daemon's API and the stand-in model server.
//
// Not the endpoint (that is lb/). Keep-alive, one request at a time per connection, bodies whole
// and bounded, answers at once, later, or streamed (chunked). No TLS: it listens on loopback or on
// a unix socket (0600). What is not a request is answered {"error": ...} and closed. Loop thread.
// Errors: address_in_use, permission, invalid_input, io.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "adapters/reactor.h"
#include "cli/http_message.h"
#include "core/result.h"

namespace sky::cli {

struct HttpLimits {
  std::size_t max_body_bytes = 4 << 20;  // a guess: service files and prompts are far smaller
  std::size_t max_connections = 512;  // a guess: above it new clients wait in the backlog
  std::size_t max_queued_bytes = 4 << 20;  // per client that does not read
  core::Duration receive_timeout = core::seconds(20);  // for one whole request
  core::Duration idle_timeout = core::seconds(120);  // kept alive without a request
  core::Duration stall_timeout = core::seconds(60);  // an answer the client does not take
};

class HttpServer {
 public:
  // Every reference outlives the server. Destroying it cuts all clients.
  HttpServer(adapters::Reactor& reactor, HttpHandler handler, HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // `host` is a literal IPv4 or IPv6 address; port 0 takes a free one.
  core::Result<void> listen_tcp(const std::string& host, std::uint16_t port);
  // Mode 0600. A socket file nobody answers on is replaced; address_in_use when somebody does.
  core::Result<void> listen_unix(const std::filesystem::path& path);
  std::uint16_t port() const;  // of listen_tcp

  // Takes no new client; those with no request in hand are closed, the rest after their answer.
  void drain();
  std::size_t connection_count() const;  // zero once drained

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sky::cli
